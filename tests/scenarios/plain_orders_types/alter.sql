ALTER TABLE "Or""ders" ALTER COLUMN half TYPE bigint, ALTER COLUMN nr TYPE bigint, ALTER v SET DEFAULT 'x',
  ADD COLUMN more int;
ALTER TABLE "Or""ders" SET TABLESPACE pg_default;
