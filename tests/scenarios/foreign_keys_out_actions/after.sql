SET ROLE scn_owner;
SELECT tried('DELETE FROM ports WHERE id = 1');
SELECT tried('UPDATE ports SET id = 777 WHERE id = 1');
SELECT tried('DELETE FROM ports WHERE id = 11');
SELECT tried('UPDATE ports SET id = 777 WHERE id = 11');
DELETE FROM ports WHERE id IN (23, 33, 43, 53);
UPDATE ports SET id = id + 200 WHERE id IN (24, 34, 44, 54);
SELECT tried(format('INSERT INTO ships (id, %I) VALUES (999, 999)', c))
FROM unnest(ARRAY['by_default', 'restricted', 'cascaded', 'nulled', 'defaulted', 'mixed']) c;
SELECT tried('DELETE FROM ports WHERE id = 0');
SELECT count(*), sum(by_default), sum(restricted), sum(cascaded), sum(nulled), sum(defaulted), sum(mixed), sum(tons) FROM ships;
