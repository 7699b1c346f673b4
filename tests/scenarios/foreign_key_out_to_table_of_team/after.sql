SET ROLE scn_team;
DELETE FROM projects WHERE id = 5;
RESET ROLE;
SET ROLE scn_owner;
SELECT tried('INSERT INTO tasks VALUES (200, 5, 5)');
SELECT count(*), sum(hours) FROM tasks;
