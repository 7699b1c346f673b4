ALTER TABLE middle ALTER COLUMN body TYPE varchar(50);
