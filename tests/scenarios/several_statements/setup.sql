-- Several statements in one run: renames, a change of type, drops and columns that take the names of others.
SET ROLE scn_owner;
CREATE TABLE people (id int PRIMARY KEY, a text, b int, c text NOT NULL DEFAULT 'c', d date, e int);
INSERT INTO people SELECT g, 'a' || g, g, 'c' || g % 4, date '2024-01-01' + g, g FROM generate_series(1, 60) g;
CREATE INDEX people_ab ON people (a, b);
CREATE INDEX people_e ON people (e);
CREATE VIEW shown AS SELECT id, c, d FROM people;
RESET ROLE;
