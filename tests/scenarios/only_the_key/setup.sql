-- A table with no columns but its key: all others have been dropped.
SET ROLE scn_owner;
CREATE TABLE ids (a text, b uuid PRIMARY KEY, c int);
ALTER TABLE ids DROP COLUMN a, DROP COLUMN c;
INSERT INTO ids SELECT md5(g::text)::uuid FROM generate_series(1, 100) g;
RESET ROLE;
