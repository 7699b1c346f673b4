-- A recursive view over a table that refers to itself by a parent column.
SET ROLE scn_owner;
CREATE TABLE nodes (id int PRIMARY KEY, parent int, label text NOT NULL);
INSERT INTO nodes SELECT g, nullif(g / 2, 0), 'node ' || g FROM generate_series(1, 31) g;
CREATE RECURSIVE VIEW tree (id, depth, path) AS
  SELECT id, 0, label FROM nodes WHERE parent IS NULL
  UNION ALL
  SELECT n.id, t.depth + 1, t.path || '/' || n.label FROM nodes n JOIN tree t ON n.parent = t.id;
CREATE VIEW leaves AS
  WITH RECURSIVE down AS (SELECT id FROM nodes WHERE id = 2 UNION SELECT n.id FROM nodes n, down d WHERE n.parent = d.id)
      SEARCH DEPTH FIRST BY id SET walk
      CYCLE id SET looped USING seen
  SELECT id, walk::text AS walk, looped FROM down WHERE NOT EXISTS (SELECT FROM nodes c WHERE c.parent = down.id);
RESET ROLE;
