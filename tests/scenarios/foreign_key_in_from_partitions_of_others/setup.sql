-- A partition of the referencing table belongs to another role than the table itself: its part of the foreign key could not be made.
\ir ../tried.sql
GRANT CREATE ON SCHEMA public TO scn_team;
SET ROLE scn_owner;
CREATE TABLE meters (id int PRIMARY KEY, name text);
INSERT INTO meters SELECT g, 'meter ' || g FROM generate_series(1, 25) g;
CREATE TABLE readings (day date NOT NULL, meter int CONSTRAINT of_meter REFERENCES meters) PARTITION BY RANGE (day);
CREATE TABLE readings_24 PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE readings_else PARTITION OF readings DEFAULT;
RESET ROLE;
ALTER TABLE readings_24 OWNER TO scn_team;
