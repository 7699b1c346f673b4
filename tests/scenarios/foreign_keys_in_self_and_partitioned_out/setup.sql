-- A table that references itself, a partitioned table, and is referenced by the same partitioned table: a circle.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE parts (id int, kind int, main int, PRIMARY KEY (kind, id)) PARTITION BY LIST (kind);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
CREATE TABLE things (id int PRIMARY KEY, up int REFERENCES things ON DELETE CASCADE, part int, kind int, note text,
  CONSTRAINT to_part FOREIGN KEY (kind, part) REFERENCES parts ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE parts ADD CONSTRAINT to_thing FOREIGN KEY (main) REFERENCES things ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO parts SELECT g, g % 2 + 1, g FROM generate_series(1, 30) g;
INSERT INTO things SELECT g, nullif(g / 3, 0), g, g % 2 + 1 FROM generate_series(1, 30) g;
COMMIT;
RESET ROLE;
