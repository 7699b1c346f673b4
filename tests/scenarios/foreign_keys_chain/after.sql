SET ROLE scn_owner;
DELETE FROM countries WHERE id = 4;
UPDATE countries SET id = 50 WHERE id = 5;
DELETE FROM cities WHERE id = 6;
SELECT * FROM cities ORDER BY id;
SELECT * FROM streets ORDER BY id;
SELECT * FROM houses ORDER BY id;
SELECT city, name FROM lost ORDER BY city;
