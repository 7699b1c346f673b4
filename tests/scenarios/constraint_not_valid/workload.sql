SET ROLE scn_owner;
DELETE FROM ages WHERE id = 3;
UPDATE ages SET age = 20, name = 'now' WHERE id = 4;
