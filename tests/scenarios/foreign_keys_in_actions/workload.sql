SET ROLE scn_owner;
DELETE FROM ports WHERE id IN (21, 31, 41, 51);
UPDATE ports SET id = id + 100 WHERE id IN (22, 32, 42, 52);
INSERT INTO ports VALUES (300, 'new');
INSERT INTO d_cascaded VALUES (300, 300);
INSERT INTO f_plain VALUES (300, 300);
SELECT tried('DELETE FROM ports WHERE id = 1') \g /dev/null
SELECT tried('INSERT INTO a_mixed VALUES (999, 999)') \g /dev/null
