-- An index of the parent has no part at the partition yet: attaching the new one would build it under the lock.
SET ROLE scn_owner;
CREATE TABLE days (day date NOT NULL, nr int, PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE days_new PARTITION OF days DEFAULT;
INSERT INTO days SELECT date '2023-01-01' + g, g FROM generate_series(1, 40) g;
CREATE INDEX half_done ON ONLY days (nr);
RESET ROLE;
