SET ROLE scn_owner;
SELECT tried('INSERT INTO c VALUES (200, 99, NULL)');
SELECT tried('INSERT INTO c VALUES (200, NULL, 99)');
SELECT tried('DELETE FROM p WHERE id = 10');
SELECT tried('UPDATE p SET id = 111 WHERE id = 11');
SELECT count(*), sum(x), count(y), sum(y) FROM c;
