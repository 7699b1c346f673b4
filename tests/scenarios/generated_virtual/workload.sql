SET ROLE scn_owner;
UPDATE bills SET rate = 0.07 WHERE id % 5 = 0;
