SET ROLE scn_owner;
DELETE FROM hub WHERE id IN (5, 50);
DELETE FROM out_7 WHERE id < 55;
