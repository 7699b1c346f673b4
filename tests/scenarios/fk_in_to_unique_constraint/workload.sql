SET ROLE scn_owner;
UPDATE p SET code = 'd' || id WHERE id < 9;
UPDATE c SET code = NULL WHERE id > 35;
DELETE FROM p WHERE id BETWEEN 36 AND 40;
UPDATE p SET code = 'new', a = 1000, b = 1 WHERE id = 100;
INSERT INTO c VALUES (100, 'new', 1, 1000);
