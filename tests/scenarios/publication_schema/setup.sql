-- The table's schema is published as a whole by a superuser's publication: the new table is in it by being there.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, name text NOT NULL, secret text, extra int);
INSERT INTO p SELECT g, 'p ' || g, 's', g FROM generate_series(1, 30) g;
RESET ROLE;
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA public;
