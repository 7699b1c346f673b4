SET ROLE scn_owner;
INSERT INTO names VALUES (101, 'Grace Hopper');
UPDATE names SET whole = 'later' WHERE id IN (3, 5);
DELETE FROM names WHERE id = 6;
SELECT * FROM people ORDER BY id;
