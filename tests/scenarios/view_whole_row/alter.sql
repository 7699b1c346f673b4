ALTER TABLE things ADD COLUMN size int;
