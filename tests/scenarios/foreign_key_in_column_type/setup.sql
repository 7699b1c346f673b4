-- Referenced columns change their types (int to bigint, varchar to text, bigint to numeric); the referencing columns keep theirs.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE customers (id int PRIMARY KEY, code varchar(9) UNIQUE, num bigint UNIQUE);
INSERT INTO customers SELECT g, 'c' || g, g FROM generate_series(1, 30) g;
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers ON DELETE CASCADE ON UPDATE CASCADE,
  code varchar(9) REFERENCES customers (code) ON UPDATE CASCADE, num bigint REFERENCES customers (num) ON DELETE SET NULL);
INSERT INTO orders SELECT g, g % 30 + 1, 'c' || g % 15 + 1, g % 20 + 1 FROM generate_series(1, 90) g;
COMMENT ON CONSTRAINT orders_customer_fkey ON orders IS 'of whom';
RESET ROLE;
