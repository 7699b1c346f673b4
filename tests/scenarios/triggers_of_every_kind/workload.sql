SET ROLE scn_owner;
INSERT INTO pieces VALUES (101, 'p', 1), (102, 'q', 2);
UPDATE pieces SET many = many + 1 WHERE id = 101;
UPDATE pieces SET note = 'n' WHERE id = 102;
UPDATE pieces SET note = note WHERE id = 3;
UPDATE pieces SET id = 200 WHERE id = 5;
DELETE FROM pieces WHERE id = 6;
UPDATE pieces SET many = 0 WHERE false;
