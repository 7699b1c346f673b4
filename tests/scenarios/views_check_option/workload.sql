SET ROLE scn_owner;
INSERT INTO few_local VALUES (31, 'x', 500);
UPDATE direct SET place = 'else' WHERE id < 4;
