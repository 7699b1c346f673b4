SET ROLE scn_owner;
SELECT tried('INSERT INTO goods VALUES (50, NULL, NULL)');
SELECT tried('INSERT INTO goods VALUES (50, ''none'', NULL)');
SELECT tried('UPDATE goods SET "Id" = 99 WHERE id = 10');
SELECT tried('UPDATE goods SET name = ''none'' WHERE id = 10');
SELECT tried('DELETE FROM "Far away"."The ""goods""" WHERE "Id" = 10');
SELECT tried('UPDATE far.goods SET name = ''best'' WHERE id = 11');
SELECT tried('DELETE FROM far.goods WHERE id = 12');
SELECT count(*), count("Id"), string_agg(name, ',' ORDER BY id) FROM goods;
