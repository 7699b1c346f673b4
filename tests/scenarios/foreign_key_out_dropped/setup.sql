-- A foreign key out of the table is dropped by the statement; another one between the same tables stays.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE trees (id int PRIMARY KEY);
INSERT INTO trees SELECT generate_series(1, 10);
CREATE TABLE birds (id int PRIMARY KEY, nest int CONSTRAINT birds_nest REFERENCES trees, food int CONSTRAINT birds_food REFERENCES trees ON DELETE SET NULL);
INSERT INTO birds SELECT g, g % 10 + 1, g % 5 + 1 FROM generate_series(1, 30) g;
RESET ROLE;
