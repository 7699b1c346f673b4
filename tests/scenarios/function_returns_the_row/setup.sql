-- Functions give rows of the table, and so are bound to the old table's type.
SET ROLE scn_owner;
CREATE TABLE cars (id int PRIMARY KEY, plate text NOT NULL);
INSERT INTO cars SELECT g, 'B-' || g FROM generate_series(1, 10) g;
CREATE FUNCTION first_car() RETURNS cars LANGUAGE sql AS 'SELECT * FROM cars ORDER BY id LIMIT 1';
CREATE FUNCTION all_cars(OUT list cars[]) LANGUAGE sql AS 'SELECT array_agg(c) FROM cars c';
CREATE FUNCTION some_cars() RETURNS SETOF cars BEGIN ATOMIC SELECT * FROM cars; END;
RESET ROLE;
