SET ROLE scn_owner;
UPDATE news SET code = 50 WHERE id = 3;
DELETE FROM news WHERE id = 4;
