SET ROLE scn_owner;
INSERT INTO members VALUES (101, 'new', 2);
UPDATE members SET level = level + 1 WHERE id < 4;
UPDATE members SET name = 'x' WHERE id = 6;
DELETE FROM members WHERE id > 20;
