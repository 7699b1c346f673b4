ALTER TABLE orders ADD COLUMN paid boolean NOT NULL DEFAULT false, ALTER COLUMN customer SET DEFAULT 'nobody';
