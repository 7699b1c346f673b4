SET ROLE scn_owner;
UPDATE people SET a = 'w', b = 0, c = 'w' WHERE id % 9 = 0;
UPDATE shown SET c = 'v' WHERE id = 5;
INSERT INTO people VALUES (100, 'x', 1, 'y', '2025-01-01', 5);
