ALTER TABLE parts ADD COLUMN maker text, ADD CHECK (price >= 0);
