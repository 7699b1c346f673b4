-- Foreign keys out of the table to partitioned tables, one with sub-partitions; referenced rows move between partitions.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE years (year int, nr int, note text, PRIMARY KEY (year, nr)) PARTITION BY RANGE (year);
CREATE TABLE years_10 PARTITION OF years FOR VALUES FROM (2010) TO (2020);
CREATE TABLE years_20 PARTITION OF years FOR VALUES FROM (2020) TO (2030) PARTITION BY LIST (nr);
CREATE TABLE years_20_odd PARTITION OF years_20 FOR VALUES IN (1, 3, 5);
CREATE TABLE years_20_else PARTITION OF years_20 DEFAULT;
CREATE TABLE years_else PARTITION OF years DEFAULT;
INSERT INTO years SELECT y, n FROM generate_series(2005, 2028) y, generate_series(1, 6) n;
CREATE TABLE kinds (id int PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE kinds_0 PARTITION OF kinds FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE kinds_1 PARTITION OF kinds FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO kinds SELECT generate_series(1, 12);
CREATE TABLE bills (
  id int PRIMARY KEY, year int, nr int, kind int REFERENCES kinds ON DELETE CASCADE, total int,
  CONSTRAINT bills_of_year FOREIGN KEY (year, nr) REFERENCES years ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE
);
INSERT INTO bills SELECT g, 2005 + g % 24, g % 6 + 1, g % 12 + 1, g FROM generate_series(1, 120) g;
RESET ROLE;
