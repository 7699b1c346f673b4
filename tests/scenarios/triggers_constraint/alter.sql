ALTER TABLE boxes ADD COLUMN color text DEFAULT 'red';
