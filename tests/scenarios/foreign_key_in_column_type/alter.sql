ALTER TABLE customers ALTER COLUMN id TYPE bigint, ALTER COLUMN code TYPE text, ALTER COLUMN num TYPE numeric;
