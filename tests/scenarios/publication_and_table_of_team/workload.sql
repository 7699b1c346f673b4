SET ROLE scn_team;
INSERT INTO news VALUES (50, 'new');
