-- Indexes of the partition that were made by themselves, with names of their own, and attached to the parent's afterwards.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE days (day date NOT NULL, nr int NOT NULL, note text) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE days_new PARTITION OF days DEFAULT;
INSERT INTO days SELECT date '2023-06-01' + g * 5, g, 'note ' || g FROM generate_series(1, 80) g;
CREATE INDEX whole ON ONLY days (lower(note)) WHERE nr > 3;
CREATE INDEX "His Own" ON days_old (lower(note)) WITH (fillfactor = 60) TABLESPACE scn_space WHERE nr > 3;
ALTER INDEX "His Own" SET (fillfactor = 61);
CREATE INDEX of_new ON days_new (lower(note)) WHERE nr > 3;
ALTER INDEX whole ATTACH PARTITION "His Own";
ALTER INDEX whole ATTACH PARTITION of_new;
CREATE UNIQUE INDEX key_of_old ON days_old (nr, day) INCLUDE (note);
CREATE UNIQUE INDEX key_of_whole ON days (nr, day) INCLUDE (note);
ALTER TABLE days ADD CONSTRAINT once UNIQUE (day, nr) DEFERRABLE;
ALTER TABLE days_old RENAME CONSTRAINT days_old_day_nr_key TO "once, old";
RESET ROLE;
