ALTER TABLE notes ADD COLUMN lang text DEFAULT 'en', ALTER COLUMN body TYPE varchar(100);
