SET ROLE scn_owner;
SELECT conname FROM pg_constraint WHERE conrelid = 'b'::regclass ORDER BY 1;
SELECT tried('INSERT INTO b VALUES (200, 99, 11)');
SELECT tried('INSERT INTO b VALUES (201, 1, 99)');
SELECT tried('DELETE FROM a WHERE id IN (1, 2, 13)');
SELECT count(*), sum(two), sum(three) FROM b;
