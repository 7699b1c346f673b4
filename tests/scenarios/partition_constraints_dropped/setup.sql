-- A CHECK that comes from the parent is to be dropped in a partition alone: PostgreSQL says no, and so does the plan.
SET ROLE scn_owner;
CREATE TABLE days (day date NOT NULL, nr int CONSTRAINT some_nr CHECK (nr > 0), PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days (CONSTRAINT own CHECK (nr < 1000)) FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
INSERT INTO days SELECT date '2023-01-01' + g, g FROM generate_series(1, 40) g;
RESET ROLE;
