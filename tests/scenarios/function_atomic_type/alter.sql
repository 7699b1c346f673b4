ALTER TABLE tickets ALTER COLUMN votes TYPE bigint;
