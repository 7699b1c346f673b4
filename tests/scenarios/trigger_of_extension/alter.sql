ALTER TABLE prices ADD COLUMN more int;
