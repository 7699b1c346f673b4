SET ROLE scn_owner;
DELETE FROM p WHERE id IN (10, 20, 30, 40, 45, 50);
UPDATE p SET id = id + 100 WHERE id IN (11, 21, 31, 51);
INSERT INTO c_cascade VALUES (200, 111);
UPDATE c_all SET c = 111 WHERE id > 55;
