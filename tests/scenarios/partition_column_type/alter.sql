ALTER TABLE days_old ALTER COLUMN nr TYPE bigint;
