-- A function takes a row of the table as its argument, and so is bound to the old table's type.
SET ROLE scn_owner;
CREATE TABLE cars (id int PRIMARY KEY, plate text NOT NULL);
INSERT INTO cars SELECT g, 'B-' || g FROM generate_series(1, 10) g;
CREATE FUNCTION label(car cars) RETURNS text LANGUAGE sql AS 'SELECT car.plate || car.id';
RESET ROLE;
