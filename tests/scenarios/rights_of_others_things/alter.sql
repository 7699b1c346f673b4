ALTER TABLE goods ALTER COLUMN price TYPE bigint;
