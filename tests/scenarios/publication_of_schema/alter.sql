ALTER TABLE open.news ALTER COLUMN id TYPE bigint;
