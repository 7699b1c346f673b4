SET ROLE scn_owner;
DELETE FROM p WHERE id < 4;
