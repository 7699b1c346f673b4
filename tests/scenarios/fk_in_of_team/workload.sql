SET ROLE scn_owner;
DELETE FROM p WHERE id < 4;
SET ROLE scn_team;
INSERT INTO theirs.c VALUES (100, 5);
