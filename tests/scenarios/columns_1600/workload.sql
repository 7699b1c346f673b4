SET ROLE scn_owner;
UPDATE wide SET c1598 = 0 WHERE id < 5;
