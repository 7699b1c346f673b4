SET ROLE scn_owner;
DELETE FROM a WHERE id = 12;
UPDATE b SET one = 3, two = NULL WHERE id < 5;
INSERT INTO b VALUES (100, 2, 3, 3, 11);
