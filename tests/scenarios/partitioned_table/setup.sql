-- A partitioned table itself is refused, whether it has partitions or not, and also where it is a partition itself.
SET ROLE scn_owner;
CREATE TABLE days (day date NOT NULL, nr int, PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2024-01-01') PARTITION BY LIST (nr);
CREATE TABLE days_old_all PARTITION OF days_old DEFAULT;
INSERT INTO days SELECT date '2023-01-01' + g, g FROM generate_series(1, 40) g;
RESET ROLE;
