-- A small schema of all kinds of things.
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id serial PRIMARY KEY, name text NOT NULL CHECK (name <> ''));
ALTER TABLE shop.customers OWNER TO shop_owner;
ALTER SCHEMA shop OWNER TO shop_owner;
COMMENT ON TABLE shop.customers IS 'who buys';
CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int REFERENCES shop.customers);
CREATE TABLE shop."Evil ""name" (id int PRIMARY KEY, v text) TABLESPACE slow_disks;
CREATE INDEX ON shop."Evil ""name" (v) TABLESPACE pg_default;
GRANT SELECT ON shop."Evil ""name" TO "A Clerk";
CREATE TABLE shop.plain (id int PRIMARY KEY, v text DEFAULT 'x', w numeric(8, 2));
CREATE INDEX ON shop.plain (lower(v)) WHERE w > 0;
CREATE TABLE shop.keyless (v text);
CREATE TABLE shop.stock (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE shop.stock_2024 PARTITION OF shop.stock FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE VIEW shop.seen AS SELECT * FROM shop.plain;
CREATE TABLE shop.lists (id int PRIMARY KEY, v varchar(20) CHECK (v IN ('a', 'b')));
