SET ROLE scn_owner;
DELETE FROM base WHERE id IN (2, 12, 17, 32);
UPDATE base SET id = 129 WHERE id = 29;
SELECT tried('DELETE FROM base WHERE id = 39');
SELECT tried('DELETE FROM base WHERE id = 26');
SELECT t, tried(format('INSERT INTO %I (id, base) VALUES (999, 999)', t)) FROM unnest(ARRAY['unlogged', 'parent', 'child', 'typed', 'ruled']) t;
SELECT tableoid::regclass, id, base FROM parent ORDER BY 1, 2;
