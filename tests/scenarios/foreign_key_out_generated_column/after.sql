SET ROLE scn_owner;
DELETE FROM months WHERE month = 202404;
UPDATE secrets SET id = 14 WHERE id = 4;
RESET ROLE;
SET ROLE scn_clerk;
SELECT tried('INSERT INTO sales (id, year, mon) VALUES (91, 2024, 4)');
SELECT tried('INSERT INTO sales (id, year, mon, secret) VALUES (91, 2024, 5, 4)');
INSERT INTO sales (id, year, mon, secret) VALUES (91, 2024, 5, 14);
SELECT * FROM sales ORDER BY id;
