ALTER TABLE meters ALTER COLUMN id TYPE bigint, ADD COLUMN place text;
