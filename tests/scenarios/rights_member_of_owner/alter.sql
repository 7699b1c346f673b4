ALTER TABLE desk.papers ALTER COLUMN nr TYPE bigint, ADD COLUMN pages int DEFAULT 1;
