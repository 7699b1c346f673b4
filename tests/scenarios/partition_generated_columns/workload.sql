SET ROLE scn_owner;
UPDATE days SET a = a + 1000 WHERE a < 10;
UPDATE days SET mood = 'happy' WHERE a = 20;
INSERT INTO days (day, a) VALUES ('2020-01-01', 5000);
