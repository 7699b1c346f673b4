ALTER TABLE meters ALTER COLUMN name TYPE varchar(30);
