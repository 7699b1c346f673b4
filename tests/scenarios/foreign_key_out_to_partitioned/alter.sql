ALTER TABLE bills ALTER COLUMN total TYPE bigint, ALTER COLUMN year TYPE bigint;
