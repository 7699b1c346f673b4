SET ROLE scn_team;
DELETE FROM projects WHERE id = 3;
RESET ROLE;
SET ROLE scn_owner;
INSERT INTO tasks VALUES (100, 4, 5);
