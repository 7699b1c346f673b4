-- A partitioned table has two foreign keys into the table that are the same but for their names, and a partition one more of its own.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE meters (id int PRIMARY KEY, name text);
INSERT INTO meters SELECT g, 'meter ' || g FROM generate_series(1, 25) g;
CREATE TABLE readings (day date NOT NULL, meter int) PARTITION BY RANGE (day);
CREATE TABLE readings_24 PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE readings_else PARTITION OF readings DEFAULT;
ALTER TABLE readings ADD CONSTRAINT z_made_first FOREIGN KEY (meter) REFERENCES meters ON DELETE CASCADE;
ALTER TABLE readings ADD CONSTRAINT a_made_second FOREIGN KEY (meter) REFERENCES meters ON DELETE CASCADE;
INSERT INTO readings SELECT date '2023-06-01' + g * 5, g % 25 + 1 FROM generate_series(1, 120) g;
RESET ROLE;
