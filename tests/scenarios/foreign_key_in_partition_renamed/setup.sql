-- The parts of a partitioned table's foreign key were renamed, at a leaf and at a partition that is partitioned itself.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE meters (id int PRIMARY KEY, name text);
INSERT INTO meters SELECT g, 'meter ' || g FROM generate_series(1, 25) g;
CREATE TABLE readings (day date NOT NULL, meter int CONSTRAINT of_meter REFERENCES meters ON DELETE CASCADE) PARTITION BY RANGE (day);
CREATE TABLE readings_24 PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (meter);
CREATE TABLE readings_24_low PARTITION OF readings_24 FOR VALUES IN (1, 2, 3, 4, 5, NULL);
CREATE TABLE readings_24_else PARTITION OF readings_24 DEFAULT;
CREATE TABLE readings_else PARTITION OF readings DEFAULT;
ALTER TABLE readings_24 RENAME CONSTRAINT of_meter TO "in between";
ALTER TABLE readings_24_low RENAME CONSTRAINT of_meter TO down;
INSERT INTO readings SELECT date '2023-06-01' + g * 5, g % 25 + 1 FROM generate_series(1, 120) g;
RESET ROLE;
