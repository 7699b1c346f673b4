SET ROLE scn_owner;
INSERT INTO front (seen) VALUES (100);
INSERT INTO front_of_front (page) VALUES ('given');
INSERT INTO front_of_front DEFAULT VALUES;
INSERT INTO visits DEFAULT VALUES;
SELECT * FROM visits WHERE id > 40 ORDER BY id;
