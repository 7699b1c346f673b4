ALTER TABLE cars ALTER COLUMN doors TYPE smallint, ADD COLUMN color text DEFAULT 'red';
