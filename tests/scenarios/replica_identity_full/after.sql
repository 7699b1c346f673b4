SET ROLE scn_owner;
UPDATE news SET head = 'y' WHERE id = 5;
DELETE FROM news WHERE id = 6;
SELECT * FROM news ORDER BY id;
