ALTER TABLE staff ADD COLUMN since date, ADD COLUMN part numeric DEFAULT 1;
