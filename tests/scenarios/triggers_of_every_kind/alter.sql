ALTER TABLE pieces ADD COLUMN color text DEFAULT 'red', ADD CONSTRAINT enough CHECK (many < 1000);
