SET ROLE scn_owner;
DELETE FROM near.items WHERE id = 5;
UPDATE near.items SET "Group" = NULL WHERE id = 9 AND NOT EXISTS (SELECT FROM items WHERE "group" = 'group 9');
UPDATE near.items SET "Group" = 'ten' WHERE id = 10;
SELECT tried('INSERT INTO items VALUES (100, ''none'')');
SELECT tried('INSERT INTO "Far away".items VALUES (100, 999)');
SELECT * FROM items ORDER BY id;
SELECT * FROM "Far away".items ORDER BY id;
