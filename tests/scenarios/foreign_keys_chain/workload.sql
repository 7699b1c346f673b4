SET ROLE scn_owner;
DELETE FROM countries WHERE id = 2;
UPDATE countries SET id = 30 WHERE id = 3;
DELETE FROM streets WHERE id = 40;
TRUNCATE houses;
INSERT INTO houses SELECT s.id + 1000, s.id, s.city FROM streets s;
