-- The default partition itself, below a partitioned partition of another owner; its siblings cut out parts.
SET ROLE scn_owner;
CREATE TABLE tree (id int NOT NULL, kind text NOT NULL, n numeric(6, 2) GENERATED ALWAYS AS (id / 4.0) STORED, PRIMARY KEY (kind, id)) PARTITION BY LIST (kind);
CREATE TABLE tree_a PARTITION OF tree FOR VALUES IN ('a', 'b''c') PARTITION BY RANGE (id);
CREATE TABLE tree_a_low PARTITION OF tree_a FOR VALUES FROM (MINVALUE) TO (100);
CREATE TABLE tree_a_high PARTITION OF tree_a FOR VALUES FROM (200) TO (300);
CREATE TABLE tree_a_rest PARTITION OF tree_a DEFAULT;
CREATE INDEX ON tree (n);
INSERT INTO tree (id, kind) SELECT g, CASE WHEN g % 2 = 0 THEN 'a' ELSE 'b''c' END FROM generate_series(1, 400) g;
RESET ROLE;
ALTER TABLE tree OWNER TO scn_team;
