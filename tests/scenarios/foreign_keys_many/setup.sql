-- Fifty tables reference the table, and it references fifty, with the same names of constraints everywhere.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE hub (id int PRIMARY KEY, name text);
INSERT INTO hub SELECT g, 'name ' || g FROM generate_series(1, 60) g;
SELECT format('CREATE TABLE out_%s (id int PRIMARY KEY)', g) FROM generate_series(1, 50) g \gexec
SELECT format('INSERT INTO out_%s SELECT generate_series(1, 60)', g) FROM generate_series(1, 50) g \gexec
SELECT format('ALTER TABLE hub ADD COLUMN o%s int DEFAULT %s CONSTRAINT c%s REFERENCES out_%s ON DELETE SET NULL', g, g, g, 51 - g) FROM generate_series(1, 50) g \gexec
SELECT format('CREATE TABLE in_%s (id int PRIMARY KEY, hub int CONSTRAINT c%s REFERENCES hub ON DELETE CASCADE)', g, g) FROM generate_series(1, 50) g \gexec
SELECT format('INSERT INTO in_%s SELECT g, g FROM generate_series(1, 60) g', g) FROM generate_series(1, 50) g \gexec
RESET ROLE;
