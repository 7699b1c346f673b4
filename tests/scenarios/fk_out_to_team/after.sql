SET ROLE scn_owner;
SELECT tried('INSERT INTO homes VALUES (200, 99)');
SELECT tried('INSERT INTO homes VALUES (200, 9)');
SELECT tried('DELETE FROM shared.towns WHERE id = 9');
RESET ROLE;
SELECT tried('DELETE FROM shared.towns WHERE id IN (9, 10)');
SELECT count(*), sum(town) FROM homes;
