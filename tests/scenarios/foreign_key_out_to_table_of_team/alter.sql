ALTER TABLE tasks ALTER COLUMN hours TYPE numeric(8, 2);
