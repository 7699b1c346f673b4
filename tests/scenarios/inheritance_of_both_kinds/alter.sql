ALTER TABLE middle ALTER COLUMN extra TYPE bigint;
