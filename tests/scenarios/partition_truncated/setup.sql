-- The partition is emptied during the run, by itself and through its parent, and filled again.
SET ROLE scn_owner;
CREATE TABLE days (day date, nr int, PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE days_new PARTITION OF days FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
INSERT INTO days SELECT date '2023-06-01' + g, g FROM generate_series(1, 400) g;
RESET ROLE;
