ALTER TABLE teams ALTER COLUMN level TYPE bigint;
