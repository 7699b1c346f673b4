ALTER TABLE cells ALTER COLUMN row TYPE bigint, DROP COLUMN note, ADD COLUMN more text;
