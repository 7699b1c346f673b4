SET ROLE scn_team;
INSERT INTO asked VALUES (100, 'wish');
RESET ROLE;
SET ROLE scn_owner;
DELETE FROM goods WHERE id = 11;
