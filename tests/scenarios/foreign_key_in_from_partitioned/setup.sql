-- Foreign keys into the table from a partitioned table with sub-partitions, and one more from a single partition of it.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE meters (id int PRIMARY KEY, name text UNIQUE);
INSERT INTO meters SELECT g, 'meter ' || g FROM generate_series(1, 25) g;
CREATE TABLE readings (day date NOT NULL, meter int, value int,
  CONSTRAINT of_meter FOREIGN KEY (meter) REFERENCES meters ON DELETE CASCADE ON UPDATE CASCADE) PARTITION BY RANGE (day);
CREATE TABLE readings_23 PARTITION OF readings FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE readings_24 PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (meter);
CREATE TABLE readings_24_low PARTITION OF readings_24 FOR VALUES IN (1, 2, 3, 4, 5, NULL);
CREATE TABLE readings_24_else PARTITION OF readings_24 DEFAULT;
CREATE TABLE readings_old (dropped int, value int, meter int, day date NOT NULL);
ALTER TABLE readings_old DROP COLUMN dropped;
ALTER TABLE readings ATTACH PARTITION readings_old DEFAULT;
INSERT INTO readings SELECT date '2022-06-01' + g * 9, g % 25 + 1, g FROM generate_series(1, 120) g;
ALTER TABLE readings_23 ADD CONSTRAINT of_this_only FOREIGN KEY (value) REFERENCES meters ON UPDATE CASCADE ON DELETE SET NULL NOT VALID;
COMMENT ON CONSTRAINT of_meter ON readings IS 'of all';
RESET ROLE;
