SET ROLE scn_owner;
UPDATE bills SET rate = 0.07 WHERE id % 5 = 0;
INSERT INTO bills (id, net, label) VALUES (100, NULL, 'None');
UPDATE bills SET label = upper(label) WHERE id % 6 = 0;
