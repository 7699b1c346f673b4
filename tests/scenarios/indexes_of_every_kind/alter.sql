ALTER TABLE words ALTER COLUMN k TYPE numeric(20, 5), ADD COLUMN lang text DEFAULT 'en';
