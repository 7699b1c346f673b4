ALTER TABLE fresh ALTER COLUMN kind TYPE bigint, ADD COLUMN note text DEFAULT 'n';
