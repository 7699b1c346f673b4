-- NOT NULL constraints with names: of the parent, of the partition, of both under different names; one is made NOT NULL by the statement.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE days (day date CONSTRAINT day_given NOT NULL, nr int CONSTRAINT nr_given NOT NULL, note text, more int) PARTITION BY RANGE (day);
CREATE TABLE days_old (day date CONSTRAINT own_day NOT NULL, nr int CONSTRAINT own_nr NOT NULL, note text CONSTRAINT own_note NOT NULL, more int);
ALTER TABLE days ATTACH PARTITION days_old FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
ALTER TABLE days_old ADD CONSTRAINT own_key PRIMARY KEY (nr);
CREATE TABLE days_new PARTITION OF days DEFAULT;
INSERT INTO days SELECT date '2023-06-01' + g * 5, g, 'note', g FROM generate_series(1, 80) g;
COMMENT ON CONSTRAINT own_day ON days_old IS 'as the parent''s';
RESET ROLE;
