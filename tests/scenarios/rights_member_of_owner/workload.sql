SET ROLE scn_clerk;
INSERT INTO desk.papers (title) VALUES ('new'), ('newer');
UPDATE desk.papers SET title = title || '!' WHERE id < 20;
RESET ROLE;
SET ROLE scn_team;
DELETE FROM desk.papers WHERE id = 40;
