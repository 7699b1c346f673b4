SET ROLE scn_owner;
SELECT tried('INSERT INTO b (id, x, y) VALUES (200, 2, 101)');
SELECT tried('INSERT INTO b (id, x, y) VALUES (201, 101, 2)');
SELECT tried('UPDATE a SET x = x + 1000 WHERE x BETWEEN 6 AND 8');
SELECT tried('DELETE FROM a WHERE x = 10');
SELECT count(*), sum(x), sum(y), count(x), count(y) FROM b;
