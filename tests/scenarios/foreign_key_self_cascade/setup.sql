-- Foreign keys from the table to itself: a tree with ON DELETE CASCADE, and SET NULL, with roots that reference themselves.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE nodes (id int PRIMARY KEY, parent int CONSTRAINT nodes_parent REFERENCES nodes ON DELETE CASCADE ON UPDATE CASCADE,
  friend int CONSTRAINT nodes_friend REFERENCES nodes ON DELETE SET NULL, label text);
INSERT INTO nodes SELECT g, nullif(g / 3, 0), NULL, 'node ' || g FROM generate_series(1, 90) g;
UPDATE nodes SET friend = 91 - id;
UPDATE nodes SET parent = id WHERE parent IS NULL AND id = 1;
COMMENT ON CONSTRAINT nodes_parent ON nodes IS 'up';
RESET ROLE;
