SET ROLE scn_owner;
UPDATE years SET year = 2029 WHERE year = 2007 AND nr = 3;
UPDATE years SET nr = 9 WHERE year = 2021 AND nr = 1;
DELETE FROM years WHERE year = 2012;
DELETE FROM kinds WHERE id IN (3, 4);
INSERT INTO bills VALUES (500, 2009, 1, 1, 1);
