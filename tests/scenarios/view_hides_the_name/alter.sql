ALTER TABLE facts ADD COLUMN note text DEFAULT 'n';
