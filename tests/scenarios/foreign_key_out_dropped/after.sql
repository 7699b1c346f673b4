SET ROLE scn_owner;
DELETE FROM trees WHERE id = 4;
INSERT INTO birds VALUES (40, 99, 1);
SELECT tried('INSERT INTO birds VALUES (41, 1, 99)');
SELECT * FROM birds ORDER BY id;
