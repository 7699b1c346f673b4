-- A partition by list, with NULL in it; a sequence of the parent gives its numbers; nothing of it is changed.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE people (id serial, land text, name text NOT NULL, UNIQUE (land, id)) PARTITION BY LIST (land);
CREATE TABLE people_de PARTITION OF people (CONSTRAINT de_key PRIMARY KEY (id)) FOR VALUES IN ('de', 'at', NULL);
CREATE TABLE people_en PARTITION OF people FOR VALUES IN ('en', 'ie');
INSERT INTO people (land, name) SELECT (ARRAY['de', 'en', 'at', 'ie'])[g % 4 + 1], 'name ' || g FROM generate_series(1, 80) g;
INSERT INTO people_de (name) VALUES ('nowhere');
RESET ROLE;
