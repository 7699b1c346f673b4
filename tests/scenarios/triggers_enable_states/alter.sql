ALTER TABLE pieces ALTER COLUMN many TYPE bigint;
