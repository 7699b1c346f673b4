ALTER TABLE addresses ALTER COLUMN zip TYPE varchar(12), ADD COLUMN country text DEFAULT 'DE', ALTER COLUMN nr TYPE bigint;
