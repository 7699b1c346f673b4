SET ROLE scn_stranger;
DELETE FROM countries WHERE id = 7;
UPDATE countries SET id = 107 WHERE id = 8;
UPDATE cities SET code = 'C9' WHERE code = 'c9';
RESET ROLE;
SET ROLE scn_owner;
INSERT INTO people VALUES (500, 1, 'c1');
