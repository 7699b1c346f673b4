-- A partition of a partition: what it has comes from both, and it moves to another tablespace with its indexes staying.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE cells (year int, region text, id int, value int, PRIMARY KEY (year, region, id)) PARTITION BY RANGE (year);
CREATE TABLE cells_24 PARTITION OF cells FOR VALUES FROM (2024) TO (2025) PARTITION BY LIST (region);
CREATE TABLE cells_23 PARTITION OF cells FOR VALUES FROM (2023) TO (2024);
CREATE TABLE cells_24_north PARTITION OF cells_24 FOR VALUES IN ('north', 'east');
CREATE TABLE cells_24_else PARTITION OF cells_24 DEFAULT;
CREATE INDEX cells_24_value ON cells_24 (value);
ALTER TABLE cells_24 ADD CONSTRAINT some_value CHECK (value IS NOT NULL);
INSERT INTO cells SELECT 2023 + g % 2, (ARRAY['north', 'south', 'east', 'west'])[g % 4 + 1], g, g * 2 FROM generate_series(1, 160) g;
RESET ROLE;
