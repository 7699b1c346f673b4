-- A stored generated column that the partition has from its parent, with a domain, an enum and a default that calls a function.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE FUNCTION next_one() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 42';
CREATE TABLE days (day date NOT NULL, a positive, b int DEFAULT next_one(), c int GENERATED ALWAYS AS (a * 2) STORED, mood mood DEFAULT 'sad') PARTITION BY LIST (mood);
CREATE TABLE days_sad PARTITION OF days FOR VALUES IN ('sad', NULL);
CREATE TABLE days_happy PARTITION OF days FOR VALUES IN ('happy');
CREATE UNIQUE INDEX only_once ON days_sad (day);
INSERT INTO days (day, a, mood) SELECT date '2023-06-01' + g, g, CASE WHEN g % 2 = 0 THEN 'sad' ELSE 'happy' END::mood FROM generate_series(1, 80) g;
RESET ROLE;
