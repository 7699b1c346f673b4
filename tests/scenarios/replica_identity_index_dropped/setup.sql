-- The index of the replica identity goes with a column; the identity is then of an index that is not there.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text, code int NOT NULL UNIQUE);
INSERT INTO news SELECT g, 'head ' || g, g FROM generate_series(1, 39) g;
ALTER TABLE news REPLICA IDENTITY USING INDEX news_code_key;
CREATE PUBLICATION press FOR TABLE news;
RESET ROLE;
