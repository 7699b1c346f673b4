-- Publications of the parent, with and without its name for its partitions, and of the partition itself.
SET ROLE scn_owner;
CREATE TABLE days (day date, nr int, PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE days_new PARTITION OF days FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
INSERT INTO days SELECT date '2023-06-01' + g, g FROM generate_series(1, 400) g;
CREATE PUBLICATION of_parent FOR TABLE days;
CREATE PUBLICATION of_parent_by_name FOR TABLE days WITH (publish_via_partition_root = true);
CREATE PUBLICATION of_partition FOR TABLE days_old;
RESET ROLE;
