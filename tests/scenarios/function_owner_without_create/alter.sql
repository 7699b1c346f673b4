ALTER TABLE tickets ADD COLUMN more int;
