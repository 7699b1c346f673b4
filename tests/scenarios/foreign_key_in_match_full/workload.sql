SET ROLE scn_owner;
DELETE FROM cells WHERE row = 2 AND col = 'a';
UPDATE cells SET row = 12 WHERE row = 3 AND col = 'b' AND sheet = 1;
INSERT INTO cells (row, col, sheet) VALUES (6, 'd', 1);
INSERT INTO links VALUES (60, 'd', 6, 1, 6, 'd', 1);
