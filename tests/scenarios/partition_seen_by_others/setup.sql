-- Views, a materialized view, a function, a rule and a foreign key of the partition itself, beside views of its parent.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE kinds (id int PRIMARY KEY);
INSERT INTO kinds SELECT generate_series(1, 10);
CREATE TABLE days (day date, nr int, kind int) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days (nr PRIMARY KEY, kind CONSTRAINT of_kind REFERENCES kinds ON DELETE CASCADE)
  FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE days_new PARTITION OF days FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
INSERT INTO days SELECT date '2023-06-01' + g, g, g % 10 + 1 FROM generate_series(1, 400) g;
CREATE VIEW of_parent AS SELECT kind, count(*) AS many FROM days GROUP BY kind;
CREATE VIEW of_partition AS SELECT nr, day FROM days_old WHERE nr > 5 WITH CHECK OPTION;
CREATE VIEW of_both AS SELECT o.nr, p.many FROM days_old o JOIN of_parent p USING (kind);
CREATE MATERIALIZED VIEW kept AS SELECT kind, max(day) AS last FROM days_old GROUP BY kind;
CREATE FUNCTION how_many() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM days_old; END;
CREATE TABLE marks (nr int REFERENCES days_old (nr) ON DELETE SET NULL, id int PRIMARY KEY);
INSERT INTO marks SELECT g, g FROM generate_series(1, 50) g;
RESET ROLE;
