SET ROLE scn_owner;
DELETE FROM "Far away".items WHERE id = 5;
UPDATE near.items SET id = id + 100, "Group" = NULL WHERE id = 9;
SELECT tried('INSERT INTO items VALUES (100, 999)');
SELECT tried('INSERT INTO items (id, near) VALUES (100, 999)');
SELECT tried('DROP TABLE near.items');
SELECT * FROM items ORDER BY id;
