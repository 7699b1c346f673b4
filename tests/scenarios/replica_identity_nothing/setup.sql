-- REPLICA IDENTITY NOTHING with a publication of updates, which PostgreSQL refuses then, and one of inserts.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text);
INSERT INTO news SELECT g, 'head ' || g FROM generate_series(1, 40) g;
ALTER TABLE news REPLICA IDENTITY NOTHING;
CREATE PUBLICATION inserts FOR TABLE news WITH (publish = 'insert, truncate');
CREATE TABLE published (id int PRIMARY KEY, head text);
RESET ROLE;
