SET ROLE scn_owner;
INSERT INTO open.news VALUES (50, 'new');
UPDATE open.news SET head = 'x' WHERE id = 3;
