SET ROLE scn_owner;
DELETE FROM p WHERE id = 40;
UPDATE p SET id = id + 100 WHERE id = 39;
INSERT INTO c VALUES (100, 'b', 2), (101, 'x', 139), (10, 'a', 3);
