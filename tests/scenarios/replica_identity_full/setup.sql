-- REPLICA IDENTITY FULL with a publication of updates and deletes.
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text, body text);
INSERT INTO news SELECT g, 'head ' || g FROM generate_series(1, 40) g;
ALTER TABLE news REPLICA IDENTITY FULL;
CREATE PUBLICATION press FOR TABLE news;
RESET ROLE;
