-- A table with nothing special, and another one beside it.
SET ROLE scn_owner;
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
CREATE INDEX t_v ON t (v);
INSERT INTO t (v) SELECT 'v' || g FROM generate_series(1, 300) g;
CREATE TABLE bystander (id int PRIMARY KEY, v text);
INSERT INTO bystander SELECT g, 'b' || g FROM generate_series(1, 5) g;
GRANT SELECT ON t TO scn_reader;
