SET ROLE scn_owner;
DELETE FROM things WHERE id = 4;
UPDATE things SET kind = NULL, part = NULL WHERE part = 9;
UPDATE parts SET kind = 3 - kind WHERE id = 9;
DELETE FROM parts WHERE id = 10;
