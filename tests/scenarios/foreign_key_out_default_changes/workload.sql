SET ROLE scn_owner;
DELETE FROM lists WHERE id IN (1, 6);
UPDATE lists SET id = 111 WHERE id = 11;
