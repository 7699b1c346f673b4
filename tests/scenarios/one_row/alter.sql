ALTER TABLE settings ALTER COLUMN doc TYPE json USING doc::json, ADD COLUMN host text DEFAULT 'localhost';
