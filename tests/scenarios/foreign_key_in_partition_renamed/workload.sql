SET ROLE scn_owner;
DELETE FROM meters WHERE id = 13;
