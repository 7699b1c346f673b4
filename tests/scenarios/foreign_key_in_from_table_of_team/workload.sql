SET ROLE scn_owner;
DELETE FROM tasks WHERE id = 3;
UPDATE tasks SET id = 104 WHERE id = 4;
RESET ROLE;
SET ROLE scn_team;
INSERT INTO hours VALUES (100, 104);
