SET ROLE scn_owner;
SELECT tried('INSERT INTO b VALUES (200, 99, NULL)');
SELECT tried('INSERT INTO b VALUES (201, 5000000000, NULL)');
SELECT tried('INSERT INTO b VALUES (202, NULL, ''none'')');
SELECT tried('UPDATE a SET code = ''e'' || id WHERE id > 10');
SELECT tried('DELETE FROM a WHERE id IN (2, 11)');
SELECT count(*), sum(a_id), count(code), min(code), max(code) FROM b;
