SET ROLE scn_owner;
UPDATE a SET code = 'd' || id WHERE id < 5;
DELETE FROM a WHERE id IN (19, 20);
INSERT INTO b VALUES (100, 1, 'd2');
