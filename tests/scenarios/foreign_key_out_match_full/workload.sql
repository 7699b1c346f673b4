SET ROLE scn_owner;
DELETE FROM cells WHERE row = 2 AND col = 'a';
UPDATE cells SET row = 12 WHERE row = 3 AND col = 'b' AND sheet = 1;
UPDATE links SET row = NULL, col = NULL, sheet = NULL WHERE id = 9;
INSERT INTO links VALUES (60, 'c', 5, 1, 5, 'c', 1, 'new');
