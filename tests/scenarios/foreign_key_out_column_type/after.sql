SET ROLE scn_owner;
DELETE FROM refs WHERE small = 29;
DELETE FROM wide WHERE id = 29;
UPDATE wide SET id = 5000000000 WHERE id = 30;
SELECT tried('INSERT INTO refs (id, small) VALUES (200, 30)');
SELECT tried('INSERT INTO refs (id, big) VALUES (200, 30)');
SELECT tried('INSERT INTO refs (id, code) VALUES (200, ''w3'')');
SELECT tried('INSERT INTO refs (id, num) VALUES (200, 1.5)');
SELECT * FROM refs ORDER BY id;
