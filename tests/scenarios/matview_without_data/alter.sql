ALTER TABLE sales ADD COLUMN clerk text DEFAULT 'none';
