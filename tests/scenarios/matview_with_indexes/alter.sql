ALTER TABLE sales ALTER COLUMN till TYPE bigint, ADD COLUMN clerk text;
