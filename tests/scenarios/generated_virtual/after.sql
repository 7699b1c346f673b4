SET ROLE scn_owner;
UPDATE bills SET net = 1000 WHERE id = 1;
SELECT * FROM bills WHERE id IN (1, 5, 6) ORDER BY id;
SELECT sum(gross), sum(tax) FROM shown;
