SET ROLE scn_owner;
DELETE FROM addresses WHERE id IN (12, 22);
UPDATE parcels SET target = 40 WHERE id = 30;
