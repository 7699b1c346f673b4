-- Composite foreign keys out of the table: MATCH FULL beside MATCH SIMPLE, columns in another order than in the referenced key.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE cells (row int, col text, sheet int, PRIMARY KEY (sheet, row, col), UNIQUE (col, row, sheet));
INSERT INTO cells SELECT r, c, s FROM generate_series(1, 5) r, unnest(ARRAY['a', 'b', 'c']) c, generate_series(1, 2) s;
CREATE TABLE links (
  id int PRIMARY KEY, dropped int, col text, row int, sheet int, to_row int, to_col text, to_sheet int, kind text,
  CONSTRAINT links_full FOREIGN KEY (row, col, sheet) REFERENCES cells (row, col, sheet) MATCH FULL ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT links_simple FOREIGN KEY (to_sheet, to_row, to_col) REFERENCES cells ON DELETE SET NULL
);
ALTER TABLE links DROP COLUMN dropped;
INSERT INTO links SELECT g, substr('abc', g % 3 + 1, 1), g % 5 + 1, g % 2 + 1, g % 4 + 1, substr('cba', g % 3 + 1, 1), 2, 'k' FROM generate_series(1, 40) g;
INSERT INTO links SELECT g, NULL, NULL, NULL, 77, NULL, 1, 'open' FROM generate_series(41, 50) g;
RESET ROLE;
