ALTER TABLE nodes ADD COLUMN weight bigint DEFAULT 7;
