SET ROLE scn_owner;
INSERT INTO pieces VALUES (301, 'p', 1, 'x');
UPDATE pieces SET place = 'q', many = 7 WHERE id = 301;
UPDATE pieces SET place = 'p', many = 8 WHERE id = 301;
UPDATE pieces SET color = 'blue' WHERE id = 301;
DELETE FROM pieces WHERE id = 301;
SELECT * FROM pieces ORDER BY id;
TRUNCATE pieces;
SELECT * FROM audit ORDER BY nr;
