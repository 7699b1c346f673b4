ALTER TABLE hits ADD COLUMN host text;
