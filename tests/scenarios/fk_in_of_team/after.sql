SELECT tried('INSERT INTO theirs.c VALUES (200, 99)');
SELECT tried('INSERT INTO theirs.c VALUES (200, 9)');
SELECT tried('DELETE FROM p WHERE id IN (9, 10)');
SELECT count(*), sum(p) FROM theirs.c;
