-- Foreign keys into the table that reference a UNIQUE constraint, a unique index without a constraint, and a key with a collation.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE products (id int PRIMARY KEY, sku text CONSTRAINT sku_once UNIQUE, ean bigint NOT NULL, code varchar(9) COLLATE "C" UNIQUE, price int);
CREATE UNIQUE INDEX ean_once ON products (ean);
INSERT INTO products SELECT g, 'sku ' || g, 4000 + g, 'c' || g, g * 10 FROM generate_series(1, 40) g;
CREATE TABLE by_sku (id int PRIMARY KEY, sku text REFERENCES products (sku) ON UPDATE CASCADE);
CREATE TABLE by_ean (id int PRIMARY KEY, ean bigint REFERENCES products (ean) ON DELETE CASCADE);
CREATE TABLE by_id (id int PRIMARY KEY, product int REFERENCES products (id) ON DELETE SET NULL);
CREATE TABLE by_code (id int PRIMARY KEY, code text REFERENCES products (code) ON DELETE SET NULL ON UPDATE CASCADE);
INSERT INTO by_sku SELECT g, 'sku ' || g FROM generate_series(1, 20) g;
INSERT INTO by_ean SELECT g, 4020 + g FROM generate_series(1, 20) g;
INSERT INTO by_id SELECT g, 20 + g FROM generate_series(1, 20) g;
INSERT INTO by_code SELECT g, 'c' || g FROM generate_series(1, 20) g;
RESET ROLE;
