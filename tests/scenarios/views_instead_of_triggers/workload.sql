SET ROLE scn_owner;
INSERT INTO names VALUES (100, 'Ada Lovelace');
UPDATE names SET whole = 'changed' WHERE id = 3;
DELETE FROM names WHERE id = 4;
