SET ROLE scn_owner;
DELETE FROM lists WHERE id IN (2, 7);
SELECT tried('UPDATE lists SET id = 112 WHERE id = 12');
SELECT * FROM items ORDER BY id;
