-- Statistics targets and n_distinct of columns and of index expressions.
SET ROLE scn_owner;
CREATE TABLE samples (id int PRIMARY KEY, a int, b text, c text, d int);
INSERT INTO samples SELECT g, g % 10, 'b' || g, 'c', g FROM generate_series(1, 100) g;
CREATE INDEX samples_expr ON samples ((a + d), b, lower(c));
ALTER TABLE samples ALTER a SET STATISTICS 0, ALTER b SET STATISTICS 10000, ALTER c SET (n_distinct = -0.25, n_distinct_inherited = 3),
  ALTER d SET (n_distinct = 0), ALTER id SET STATISTICS 1;
ALTER INDEX samples_expr ALTER COLUMN 1 SET STATISTICS 500, ALTER COLUMN 3 SET STATISTICS 0;
RESET ROLE;
