SET ROLE scn_owner;
INSERT INTO inbox VALUES (1, 200), (2, 5);
