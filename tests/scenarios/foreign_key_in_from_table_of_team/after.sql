SET ROLE scn_owner;
DELETE FROM tasks WHERE id = 5;
UPDATE tasks SET id = 106 WHERE id = 6;
RESET ROLE;
SET ROLE scn_team;
SELECT tried('INSERT INTO hours VALUES (200, 5)');
SELECT * FROM hours ORDER BY id;
