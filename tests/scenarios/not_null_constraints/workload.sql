SET ROLE scn_owner;
UPDATE forms SET d = 8 WHERE id = 5;
DELETE FROM forms WHERE id = 10;
