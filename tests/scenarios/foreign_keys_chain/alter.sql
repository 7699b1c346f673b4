ALTER TABLE cities ALTER COLUMN id TYPE bigint, ALTER COLUMN country TYPE bigint;
