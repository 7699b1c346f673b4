SET ROLE scn_team;
DELETE FROM shared.towns WHERE id < 4;
INSERT INTO shared.towns VALUES (30);
SET ROLE scn_owner;
INSERT INTO homes VALUES (100, 30);
