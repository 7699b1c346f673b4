-- Columns of a publication's column list and row filter are renamed, and some around them come, go and change their types.
SET ROLE scn_owner;
CREATE TABLE news (gone int, id int PRIMARY KEY, head text, old int, rank int, body text);
ALTER TABLE news DROP COLUMN gone;
INSERT INTO news SELECT g, 'head ' || g, 1, g FROM generate_series(1, 40) g;
CREATE PUBLICATION heads FOR TABLE news (head, id) WHERE (rank < 10 OR head LIKE 'rank%') WITH (publish = 'insert');
RESET ROLE;
