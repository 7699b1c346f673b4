SET ROLE scn_owner;
INSERT INTO snapshots (id) VALUES (1);
INSERT INTO parts VALUES (77, 'most', 90);
