SET ROLE scn_owner;
DELETE FROM parents WHERE id IN (1, 2);
