ALTER TABLE goods ALTER COLUMN name TYPE varchar(40);
