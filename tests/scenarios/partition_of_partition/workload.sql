SET ROLE scn_owner;
INSERT INTO cells VALUES (2024, 'north', 500, 1), (2024, 'up', 501, 1), (2023, 'north', 502, 1);
UPDATE cells SET region = 'south' WHERE id = 8;
UPDATE cells SET region = 'north' WHERE id = 9;
UPDATE cells SET year = 4047 - year WHERE id BETWEEN 20 AND 30;
DELETE FROM cells_24 WHERE id = 41;
