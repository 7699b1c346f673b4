-- The ALTER moves the table to another tablespace; its indexes stay where they are.
SET ROLE scn_owner;
CREATE TABLE boxes (id int PRIMARY KEY, label text UNIQUE USING INDEX TABLESPACE scn_space, size int);
INSERT INTO boxes SELECT g, 'box ' || g, 100 - g FROM generate_series(1, 60) g;
CREATE INDEX boxes_size ON boxes (size);
CREATE VIEW shown AS SELECT id, size FROM boxes;
CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM boxes;
RESET ROLE;
