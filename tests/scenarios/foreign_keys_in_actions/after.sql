SET ROLE scn_owner;
SELECT tried('DELETE FROM ports WHERE id = 1');
SELECT tried('UPDATE ports SET id = 777 WHERE id = 1');
SELECT tried('DELETE FROM ports WHERE id = 11');
SELECT tried('UPDATE ports SET id = 777 WHERE id = 11');
SELECT tried('DELETE FROM ports WHERE id = 0');
SELECT tried('DROP TABLE ports');
SELECT tried('TRUNCATE ports');
DELETE FROM ports WHERE id IN (23, 33, 43, 53);
UPDATE ports SET id = id + 200 WHERE id IN (24, 34, 44, 54);
SELECT t, tried(format('INSERT INTO %I VALUES (999, 999)', t))
FROM unnest(ARRAY['f_plain', 'e_restricted', 'd_cascaded', 'c_nulled', 'b_defaulted', 'a_mixed']) t;
SELECT 'd', * FROM d_cascaded UNION ALL SELECT 'c', * FROM c_nulled UNION ALL SELECT 'b', * FROM b_defaulted
UNION ALL SELECT 'a', id, port FROM a_mixed ORDER BY 1, 2;
