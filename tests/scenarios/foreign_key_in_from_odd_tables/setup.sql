-- Foreign keys into the table from an unlogged table, an inheritance parent and its child, and a table with rules and a typed table.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE base (id int PRIMARY KEY, name text);
INSERT INTO base SELECT g, 'name ' || g FROM generate_series(1, 40) g;
CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY, base int REFERENCES base ON DELETE CASCADE);
CREATE TABLE parent (id int, base int CONSTRAINT to_base REFERENCES base ON DELETE SET NULL);
CREATE TABLE child (more int, CONSTRAINT to_base FOREIGN KEY (base) REFERENCES base ON DELETE CASCADE) INHERITS (parent);
CREATE TYPE pair AS (id int, base int);
CREATE TABLE typed OF pair (base REFERENCES base ON UPDATE CASCADE);
CREATE TABLE ruled (id int, base int REFERENCES base ON DELETE CASCADE);
INSERT INTO unlogged SELECT g, g FROM generate_series(1, 10) g;
INSERT INTO parent SELECT g, g FROM generate_series(11, 20) g;
INSERT INTO child SELECT g, g FROM generate_series(15, 24) g;
INSERT INTO typed SELECT g, g FROM generate_series(21, 30) g;
INSERT INTO ruled SELECT g, g FROM generate_series(31, 40) g;
CREATE RULE keep AS ON DELETE TO ruled WHERE OLD.id = 39 DO INSTEAD NOTHING;
RESET ROLE;
