-- Inheritance that is not partitioning: a table that inherits and is inherited from is refused on both counts.
SET ROLE scn_owner;
CREATE TABLE top (id int PRIMARY KEY, name text);
CREATE TABLE middle (extra int, PRIMARY KEY (id)) INHERITS (top);
CREATE TABLE bottom () INHERITS (middle);
INSERT INTO middle SELECT g, 'name ' || g, g FROM generate_series(1, 20) g;
INSERT INTO bottom SELECT g, 'name ' || g, g FROM generate_series(21, 30) g;
RESET ROLE;
