SET ROLE scn_owner;
SELECT tried('INSERT INTO a VALUES (200, 999)');
SELECT tried('INSERT INTO b VALUES (200, 999)');
SELECT tried('DELETE FROM a WHERE id = 11');
SELECT tried('DELETE FROM b WHERE id = 12');
SELECT tried('UPDATE b SET id = 113 WHERE id = 13');
SELECT count(*), sum(b), count(b) FROM a;
SELECT count(*), sum(a) FROM b;
