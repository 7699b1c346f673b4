ALTER TABLE products ADD COLUMN more text DEFAULT 'more';
