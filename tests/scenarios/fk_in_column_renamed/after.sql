SET ROLE scn_owner;
SELECT tried('INSERT INTO c VALUES (99, 5, 105)');
SELECT tried('UPDATE c SET b = 5, a = 105 WHERE id = 20');
SELECT tried('UPDATE p SET b = 7 WHERE a = 106');
SELECT tried('DELETE FROM p WHERE b = 8');
SELECT tried('DELETE FROM p WHERE "Id "" new" = 9');
SELECT count(*), sum(id), sum(a), sum(b) FROM c;
