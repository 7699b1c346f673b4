-- ON DELETE SET DEFAULT and ON UPDATE SET DEFAULT go by the new default that the statement sets; another column's default goes.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE lists (id int PRIMARY KEY);
INSERT INTO lists SELECT generate_series(0, 20);
CREATE TABLE items (id int PRIMARY KEY, list int DEFAULT 0 REFERENCES lists ON DELETE SET DEFAULT, other int DEFAULT 0 REFERENCES lists ON DELETE SET DEFAULT,
  third int DEFAULT 0 REFERENCES lists ON UPDATE SET DEFAULT);
INSERT INTO items SELECT g, g % 5 + 1, g % 5 + 6, g % 5 + 11 FROM generate_series(1, 40) g;
RESET ROLE;
