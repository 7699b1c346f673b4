-- A foreign key of a partitioned table into the table that is NOT VALID, with rows that break it; one of its parts is valid.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE meters (id int PRIMARY KEY, name text);
INSERT INTO meters SELECT g, 'meter ' || g FROM generate_series(1, 25) g;
CREATE TABLE readings (day date NOT NULL, meter int, value int) PARTITION BY RANGE (day);
CREATE TABLE readings_23 PARTITION OF readings FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE readings_else PARTITION OF readings DEFAULT;
INSERT INTO readings SELECT date '2023-06-01' + g * 3, CASE WHEN g < 80 THEN g % 25 + 1 ELSE 99 END, g FROM generate_series(1, 120) g;
ALTER TABLE readings ADD CONSTRAINT of_meter FOREIGN KEY (meter) REFERENCES meters ON DELETE CASCADE NOT VALID;
ALTER TABLE readings_23 VALIDATE CONSTRAINT of_meter;
RESET ROLE;
