-- Two unique indexes fit a foreign key into the table, and it does not hang on the primary key.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE products (id int PRIMARY KEY, code int NOT NULL, price int);
CREATE UNIQUE INDEX z_first ON products (code);
CREATE UNIQUE INDEX a_second ON products (code) INCLUDE (price);
CREATE UNIQUE INDEX a_third ON products (id);
INSERT INTO products SELECT g, g, g * 10 FROM generate_series(1, 40) g;
CREATE TABLE by_code (id int PRIMARY KEY, code int REFERENCES products (code) ON DELETE CASCADE);
CREATE TABLE by_id (id int PRIMARY KEY, product int REFERENCES products (id) ON DELETE SET NULL);
CREATE TABLE by_key (id int PRIMARY KEY, product int REFERENCES products);
INSERT INTO by_code SELECT g, g FROM generate_series(1, 20) g;
INSERT INTO by_id SELECT g, 20 + g FROM generate_series(1, 20) g;
RESET ROLE;
