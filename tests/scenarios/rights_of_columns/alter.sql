ALTER TABLE staff RENAME COLUMN name TO phone_name;
ALTER TABLE staff ALTER COLUMN id TYPE bigint, DROP COLUMN room, ADD COLUMN name text, ALTER COLUMN wage TYPE numeric;
