-- Table, indexes and constraints in and out of a tablespace, and a CLUSTER mark.
SET ROLE scn_owner;
CREATE TABLE boxes (id int PRIMARY KEY USING INDEX TABLESPACE scn_space, label text UNIQUE, size int, body text) TABLESPACE scn_space;
INSERT INTO boxes SELECT g, 'box ' || g, 100 - g, repeat('b', g) FROM generate_series(1, 60) g;
CREATE INDEX boxes_size ON boxes (size DESC) TABLESPACE scn_space;
CREATE INDEX boxes_label ON boxes (lower(label));
ALTER TABLE boxes CLUSTER ON boxes_size;
RESET ROLE;
