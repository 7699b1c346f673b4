SET ROLE scn_owner;
DELETE FROM p1 WHERE id IN (3, 10, 20);
UPDATE p1 SET id = id + 100 WHERE id IN (4, 11, 21);
DELETE FROM p2 WHERE a = 6;
UPDATE p2 SET a = a + 100 WHERE a = 7;
INSERT INTO c (id, follow) SELECT g, 5 FROM generate_series(200, 220) g;
