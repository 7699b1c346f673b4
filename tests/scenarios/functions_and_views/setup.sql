-- BEGIN ATOMIC functions used by views on the table, functions over such views, and a default that calls one.
SET ROLE scn_owner;
CREATE TABLE parts (id int PRIMARY KEY, name text NOT NULL, price int NOT NULL);
INSERT INTO parts SELECT g, 'part ' || g, g * 7 % 50 FROM generate_series(1, 40) g;
CREATE FUNCTION dearest() RETURNS int STABLE BEGIN ATOMIC SELECT max(price) FROM parts; END;
CREATE VIEW dear AS SELECT id, name, dearest() AS dearest FROM parts WHERE price * 2 > dearest();
CREATE FUNCTION dear_ones() RETURNS bigint STABLE BEGIN ATOMIC SELECT count(*) FROM dear d JOIN parts p USING (id); END;
CREATE VIEW counted AS SELECT dear_ones() AS many;
CREATE TABLE snapshots (id int PRIMARY KEY, top int DEFAULT dearest());
CREATE FUNCTION of_counted() RETURNS bigint BEGIN ATOMIC SELECT many FROM counted; END;
RESET ROLE;
