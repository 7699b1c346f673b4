-- Foreign keys out of the table to tables of somebody else, by REFERENCES on the table or on one column of it, and nothing more.
\ir ../tried.sql
GRANT CREATE ON SCHEMA public TO scn_stranger;
SET ROLE scn_stranger;
CREATE TABLE countries (id int PRIMARY KEY, name text);
CREATE TABLE cities (id int PRIMARY KEY, code text UNIQUE);
INSERT INTO countries SELECT g, 'country ' || g FROM generate_series(1, 20) g;
INSERT INTO cities SELECT g, 'c' || g FROM generate_series(1, 20) g;
GRANT REFERENCES ON countries TO scn_owner;
GRANT REFERENCES (code) ON cities TO scn_owner;
RESET ROLE;
SET ROLE scn_owner;
CREATE TABLE people (
  id int PRIMARY KEY, country int REFERENCES countries ON DELETE SET NULL ON UPDATE CASCADE, city text REFERENCES cities (code) ON UPDATE CASCADE
);
INSERT INTO people SELECT g, g % 20 + 1, 'c' || g % 19 + 1 FROM generate_series(1, 100) g;
RESET ROLE;
