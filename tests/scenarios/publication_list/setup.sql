-- The table is in two publications, one with a list of columns and a filter of rows, one with other options, and a column comes.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, name text NOT NULL, secret text, extra int);
INSERT INTO p SELECT g, 'p ' || g, 's', g FROM generate_series(1, 30) g;
CREATE TABLE q (id int PRIMARY KEY);
CREATE PUBLICATION one FOR TABLE q, p (extra, id) WHERE (id > 3) WITH (publish = 'insert, delete');
CREATE PUBLICATION "Two; %s" FOR TABLE p WITH (publish_via_partition_root = true);
COMMENT ON PUBLICATION one IS 'the one';
RESET ROLE;
