ALTER TABLE tickets ADD COLUMN state text DEFAULT 'open', ALTER COLUMN id TYPE bigint;
