SET ROLE scn_owner;
DELETE FROM years WHERE nr IN (1, 2, 3);
UPDATE years SET nr = nr + 100 WHERE year = 2022 AND nr < 9;
INSERT INTO years VALUES (2021, 50);
INSERT INTO notes VALUES (200, 2021, 50);
