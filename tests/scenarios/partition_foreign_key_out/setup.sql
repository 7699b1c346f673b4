-- The parent has a foreign key, and so has each partition: all rows would have to be checked under the lock.
SET ROLE scn_owner;
CREATE TABLE kinds (id int PRIMARY KEY);
INSERT INTO kinds SELECT generate_series(1, 10);
CREATE TABLE days (day date NOT NULL, nr int, kind int CONSTRAINT of_kind REFERENCES kinds, PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
INSERT INTO days SELECT date '2023-01-01' + g, g, g % 10 + 1 FROM generate_series(1, 40) g;
RESET ROLE;
