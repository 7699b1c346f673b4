ALTER TABLE people ALTER COLUMN id TYPE bigint, ADD COLUMN nick text DEFAULT 'none';
