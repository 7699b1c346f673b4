ALTER TABLE books ALTER COLUMN isbn TYPE varchar(90), ADD COLUMN year int;
