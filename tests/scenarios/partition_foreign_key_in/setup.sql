-- A foreign key references the partition's parent: no row of it may be missing for a moment, so the exchange is refused.
SET ROLE scn_owner;
CREATE TABLE days (day date NOT NULL, nr int, PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2024-01-01') PARTITION BY LIST (nr);
CREATE TABLE days_old_some PARTITION OF days_old FOR VALUES IN (1, 2, 3);
INSERT INTO days SELECT date '2023-01-01' + g, g FROM generate_series(1, 3) g;
CREATE TABLE marks (id int PRIMARY KEY, day date, nr int, CONSTRAINT of_day FOREIGN KEY (day, nr) REFERENCES days);
INSERT INTO marks SELECT g, date '2023-01-01' + g, g FROM generate_series(1, 3) g;
RESET ROLE;
