-- A column is to be dropped from a partition alone: PostgreSQL says no, and so does the plan.
SET ROLE scn_owner;
CREATE TABLE days (day date, nr int, note text, PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
INSERT INTO days SELECT date '2023-01-01' + g, g FROM generate_series(1, 40) g;
RESET ROLE;
