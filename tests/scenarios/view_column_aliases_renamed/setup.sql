-- The ALTER renames a column for which a view has an alias of its own, in the column list of the table's alias.
SET ROLE scn_owner;
CREATE TABLE parcels (id int PRIMARY KEY, weight int NOT NULL, via text);
INSERT INTO parcels SELECT g, g * 5, CASE WHEN g % 2 = 0 THEN 'road' END FROM generate_series(1, 40) g;
CREATE VIEW aliased AS SELECT p.weight AS grams, p.id FROM parcels p (id, weight) WHERE p.weight > 20;
CREATE VIEW aliased_else AS SELECT p.a, p.b FROM parcels p (a, b) WHERE p.b > 20;
RESET ROLE;
