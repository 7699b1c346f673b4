SET ROLE scn_owner;
UPDATE p SET b = b + 1000 WHERE a < 5;
DELETE FROM p WHERE a = 40;
