-- A partition gets NOT NULL while it has rows without a value.
\ir ../tried.sql
GRANT CREATE ON SCHEMA public TO scn_team;
SET ROLE scn_team;
CREATE TABLE days (day date, nr int, note text, PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE days_new PARTITION OF days DEFAULT;
INSERT INTO days SELECT date '2023-06-01' + g, g FROM generate_series(1, 400) g;
GRANT SELECT, INSERT, UPDATE, DELETE ON days TO scn_reader;
RESET ROLE;
