SET ROLE scn_owner;
UPDATE "Order" SET "select" = 101, "a""b" = '"' WHERE id = 12;
SELECT tried('DELETE FROM "Order" WHERE id = 1');
SELECT tried('DELETE FROM "Order" WHERE id = 15');
DELETE FROM same WHERE id = 3;
SELECT tried('INSERT INTO moult_1 VALUES (1, 99)');
SELECT tried('UPDATE "Order" SET up = 99');
SELECT * FROM "Order" ORDER BY id;
SELECT * FROM "1st $$ (weird) ""table""" ORDER BY key;
