SET ROLE scn_owner;
INSERT INTO mid VALUES (50, 99), (51, 1);
