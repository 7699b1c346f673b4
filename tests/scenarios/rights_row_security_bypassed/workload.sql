SET ROLE scn_clerk;
INSERT INTO accounts VALUES (100, 'scn_clerk', 5);
