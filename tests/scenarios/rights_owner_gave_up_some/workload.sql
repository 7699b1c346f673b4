SET ROLE scn_owner;
INSERT INTO goods VALUES (50, 'new', 40);
