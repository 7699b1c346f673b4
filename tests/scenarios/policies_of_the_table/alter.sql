ALTER TABLE docs ADD COLUMN lang text DEFAULT 'en', ALTER COLUMN title SET DEFAULT 'untitled';
