ALTER TABLE nodes ALTER COLUMN label TYPE varchar(20), ALTER COLUMN root TYPE bigint;
