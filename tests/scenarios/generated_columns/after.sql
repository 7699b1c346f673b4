SET ROLE scn_owner;
UPDATE bills SET net = 1000 WHERE id = 1;
INSERT INTO bills (id, net, label, words) VALUES (101, 5, 'Last', 99);
SELECT * FROM bills WHERE id IN (1, 5, 6, 100, 101) ORDER BY id;
SELECT count(gross), max(low) FROM shown;
