SET ROLE scn_owner;
SELECT tried('INSERT INTO links (id, row, col) VALUES (70, 1, ''a'')');
SELECT tried('INSERT INTO links (id, row, col, sheet) VALUES (71, 1, ''z'', 1)');
SELECT tried('INSERT INTO links (id, to_row, to_col) VALUES (72, 999, ''a'')');
SELECT tried('INSERT INTO links (id, to_row, to_col, to_sheet) VALUES (73, 999, ''a'', 1)');
UPDATE cells SET row = 15 WHERE row = 1 AND col = 'c' AND sheet = 1;
DELETE FROM cells WHERE row = 4;
SELECT * FROM links ORDER BY id;
