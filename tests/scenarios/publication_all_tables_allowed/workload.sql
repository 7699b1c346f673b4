SET ROLE scn_owner;
INSERT INTO news VALUES (50, 'new');
UPDATE news SET head = 'x' WHERE id = 3;
DELETE FROM news WHERE id = 5;
