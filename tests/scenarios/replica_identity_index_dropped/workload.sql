SET ROLE scn_owner;
UPDATE news SET head = 'x' WHERE id = 3;
