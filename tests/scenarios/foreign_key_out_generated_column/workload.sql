SET ROLE scn_owner;
DELETE FROM months WHERE month = 202305;
UPDATE secrets SET id = 15 WHERE id = 5;
RESET ROLE;
SET ROLE scn_clerk;
INSERT INTO sales (id, year, mon, secret) VALUES (90, 2024, 1, 2);
UPDATE sales SET mon = 2 WHERE id = 9;
