ALTER TABLE north.cities ADD COLUMN cold boolean NOT NULL DEFAULT true, ALTER COLUMN name SET DEFAULT 'somewhere';
