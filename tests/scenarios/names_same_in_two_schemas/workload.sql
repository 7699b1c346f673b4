SET ROLE scn_owner;
INSERT INTO north.cities VALUES (101, 'norther');
INSERT INTO cities VALUES (102, 'here');
