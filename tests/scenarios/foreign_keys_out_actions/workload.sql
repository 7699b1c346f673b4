SET ROLE scn_owner;
DELETE FROM ports WHERE id IN (21, 31, 41, 51);
UPDATE ports SET id = id + 100 WHERE id IN (22, 32, 42, 52);
INSERT INTO ships VALUES (200, 1, 11, 23, 33, 43, 53, 7);
UPDATE ships SET nulled = 39, cascaded = NULL WHERE id BETWEEN 50 AND 55;
SELECT tried('DELETE FROM ports WHERE id = 1') \g /dev/null
SELECT tried('UPDATE ships SET by_default = 999 WHERE id = 3') \g /dev/null
