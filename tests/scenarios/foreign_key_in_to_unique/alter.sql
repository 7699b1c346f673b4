ALTER TABLE products ALTER COLUMN price TYPE numeric(12, 2), ALTER COLUMN sku TYPE varchar(99);
