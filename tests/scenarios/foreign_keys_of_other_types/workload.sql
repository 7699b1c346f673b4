SET ROLE scn_owner;
UPDATE top SET small = 101, code = 'c101' WHERE small = 1;
UPDATE top SET list = '{7,7,7}' WHERE small = 17;
UPDATE mid SET color = NULL WHERE id = 2;
DELETE FROM low WHERE id = 10;
DELETE FROM mid WHERE id = 10;
