SET ROLE scn_owner;
UPDATE pets SET age = age + 1 WHERE id < 4;
UPDATE pets SET age = age WHERE id = 5;
