SET ROLE scn_owner;
UPDATE games SET home = 3 WHERE id = 7;
INSERT INTO games VALUES (50, 5, 6, 0, '1:1');
