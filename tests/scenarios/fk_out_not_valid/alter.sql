ALTER TABLE uses ADD COLUMN more text DEFAULT 'more', ALTER COLUMN id TYPE bigint;
