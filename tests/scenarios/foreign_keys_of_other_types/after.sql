SET ROLE scn_owner;
UPDATE top SET small = 103, code = 'c103' WHERE small = 3;
UPDATE top SET list = '{8,8,8}' WHERE small = 18;
SELECT tried(format('UPDATE mid SET %I = %L WHERE id = 5', c, v)) FROM (VALUES ('small', '999'), ('day', '2024-01-06 00:00:01'), ('code', 'x'), ('span', '[1,9)'),
  ('list', '{}'), ('uid', md5('x')), ('raw', 'x'), ('num', '77')) w(c, v);
SELECT tried('UPDATE low SET day = ''2000-01-01'' WHERE id = 5');
DELETE FROM low WHERE id = 11;
DELETE FROM mid WHERE id = 11;
SELECT id, small, code, list FROM mid ORDER BY id;
