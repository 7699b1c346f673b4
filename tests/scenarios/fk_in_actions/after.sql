SET ROLE scn_owner;
SELECT tried(format('INSERT INTO %s VALUES (300, 77)', t)) FROM unnest(ARRAY['c_nothing', 'c_restrict', 'c_cascade', 'c_null', 'c_default']) t;
SELECT tried(format('UPDATE c_all SET %s = 77 WHERE id = 52', c)) FROM unnest(ARRAY['a', 'b', 'c', 'd']) c;
SELECT tried(format('DELETE FROM p WHERE id = %s', i)) FROM unnest(ARRAY[1, 2, 3, 12, 22, 32, 41, 46, 52]) WITH ORDINALITY u(i, o) ORDER BY o;
SELECT tried(format('UPDATE p SET id = id + 500 WHERE id = %s', i)) FROM unnest(ARRAY[1, 2, 3, 13, 23, 33, 42, 47, 53]) WITH ORDINALITY u(i, o)
ORDER BY o;
SELECT count(*), sum(p) FROM c_cascade;
SELECT count(*), count(p), sum(p) FROM c_null;
SELECT count(*), count(p), sum(p) FROM c_default;
SELECT count(*), sum(a), sum(b), count(c), sum(d) FROM c_all;
