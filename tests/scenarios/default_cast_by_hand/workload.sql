SET ROLE scn_owner;
INSERT INTO flags (id) VALUES (100);
UPDATE flags SET state = 'off' WHERE id % 4 = 0;
