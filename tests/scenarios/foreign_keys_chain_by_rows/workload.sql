SET ROLE scn_owner;
DELETE FROM roots WHERE id = 2;
UPDATE roots SET id = 30 WHERE id = 3;
UPDATE nodes SET id = id + 1000 WHERE id BETWEEN 4 AND 6;
DELETE FROM nodes WHERE id IN (7, 8, 9);
INSERT INTO nodes VALUES (2000, 1, 2001), (2001, 1, 2000);
