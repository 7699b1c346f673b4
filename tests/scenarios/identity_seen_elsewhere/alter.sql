ALTER TABLE tickets ADD COLUMN state text DEFAULT 'open';
