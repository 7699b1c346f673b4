ALTER TABLE parents ALTER COLUMN name TYPE varchar(20);
