ALTER TABLE counters ALTER COLUMN ident TYPE bigint, ALTER COLUMN body TYPE varchar(20);
