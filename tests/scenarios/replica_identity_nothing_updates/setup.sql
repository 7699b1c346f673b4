-- The table cannot be updated at all: its updates are published, and its replica identity is NOTHING.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text);
INSERT INTO news SELECT g, 'head ' || g FROM generate_series(1, 40) g;
ALTER TABLE news REPLICA IDENTITY NOTHING;
CREATE PUBLICATION updates FOR TABLE news;
RESET ROLE;
