ALTER TABLE notes ALTER COLUMN extra TYPE bigint;
