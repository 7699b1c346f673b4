ALTER TABLE letters ADD COLUMN sent timestamptz;
