ALTER TABLE public.items ALTER COLUMN id TYPE bigint, ALTER COLUMN far TYPE bigint;
