SET ROLE scn_owner;
DELETE FROM nodes WHERE id = 200;
DELETE FROM nodes WHERE id = 6;
SELECT tried('INSERT INTO nodes VALUES (300, 301)');
SELECT tried('UPDATE nodes SET friend = 999 WHERE id = 8');
SELECT tried('UPDATE nodes SET id = 999 WHERE id = 83');
SELECT * FROM nodes ORDER BY id;
