SET ROLE scn_owner;
INSERT INTO moves SELECT g, g, g FROM generate_series(400, 402) g;
UPDATE moves SET x = x + 5 WHERE id % 5 = 0;
DELETE FROM moves WHERE id % 7 = 0;
SELECT * FROM sums ORDER BY nr;
