SET ROLE scn_owner;
INSERT INTO inbox VALUES (1, 3, 7), (2, 4, 8);
INSERT INTO gate VALUES (5), (50);
UPDATE door SET id = 6;
