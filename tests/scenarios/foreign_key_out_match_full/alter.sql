ALTER TABLE links ALTER COLUMN row TYPE bigint, ALTER COLUMN kind TYPE varchar(8);
