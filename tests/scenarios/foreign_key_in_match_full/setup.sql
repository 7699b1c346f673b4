-- Composite foreign keys into the table, MATCH FULL and not, in another order of columns than the referenced key's.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE cells (note text, row int, col text, gone int, sheet int, PRIMARY KEY (sheet, row, col), UNIQUE (col, row, sheet));
ALTER TABLE cells DROP COLUMN gone;
INSERT INTO cells SELECT 'note', r, c, s FROM generate_series(1, 5) r, unnest(ARRAY['a', 'b', 'c']) c, generate_series(1, 2) s;
CREATE TABLE links (id int PRIMARY KEY, col text, row int, sheet int, to_row int, to_col text, to_sheet int,
  CONSTRAINT links_full FOREIGN KEY (row, col, sheet) REFERENCES cells (row, col, sheet) MATCH FULL ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT links_simple FOREIGN KEY (to_sheet, to_row, to_col) REFERENCES cells ON DELETE SET NULL);
INSERT INTO links SELECT g, substr('abc', g % 3 + 1, 1), g % 5 + 1, g % 2 + 1, g % 4 + 1, substr('cba', g % 3 + 1, 1), 2 FROM generate_series(1, 40) g;
INSERT INTO links SELECT g, NULL, NULL, NULL, 77, NULL, 1 FROM generate_series(41, 50) g;
RESET ROLE;
