-- Foreign keys out of the table to tables of other schemas, one of them of the same name as the table.
\ir ../tried.sql
CREATE SCHEMA "Far away" AUTHORIZATION scn_owner;
CREATE SCHEMA near AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE "Far away".items (id int PRIMARY KEY);
CREATE TABLE near.items (id int PRIMARY KEY, "Group" text UNIQUE);
INSERT INTO "Far away".items SELECT generate_series(1, 20);
INSERT INTO near.items SELECT g, 'group ' || g FROM generate_series(1, 20) g;
CREATE TABLE items (
  id int PRIMARY KEY, far int REFERENCES "Far away".items ON DELETE CASCADE, near int REFERENCES near.items ON UPDATE CASCADE,
  "group" text REFERENCES near.items ("Group") ON UPDATE CASCADE ON DELETE SET NULL
);
INSERT INTO items SELECT g, g % 20 + 1, g % 10 + 1, 'group ' || g % 20 + 1 FROM generate_series(1, 50) g;
RESET ROLE;
