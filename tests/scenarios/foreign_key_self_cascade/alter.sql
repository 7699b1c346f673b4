ALTER TABLE nodes ALTER COLUMN id TYPE bigint, ALTER COLUMN parent TYPE bigint, ALTER COLUMN friend TYPE bigint;
