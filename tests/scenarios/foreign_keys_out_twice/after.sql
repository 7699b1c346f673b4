SET ROLE scn_owner;
SELECT tried('DELETE FROM addresses WHERE id = 1');
DELETE FROM addresses WHERE id IN (13, 23);
SELECT tried('UPDATE addresses SET id = 99 WHERE id = 24');
SELECT tried('INSERT INTO parcels VALUES (80, 99, 99, 99)');
SELECT * FROM parcels ORDER BY id;
