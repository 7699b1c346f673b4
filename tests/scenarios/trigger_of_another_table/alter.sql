ALTER TABLE boxes ADD COLUMN color text;
