SET ROLE scn_owner;
INSERT INTO first DEFAULT VALUES;
INSERT INTO first (nr, b) VALUES (1000, 1000);
INSERT INTO second DEFAULT VALUES;
SELECT nextval('first_a_seq');
