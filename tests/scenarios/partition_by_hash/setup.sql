-- A hash partition, published by name and by way of the whole, with row security and a policy of its own.
SET ROLE scn_owner;
CREATE TABLE spread (id bigint PRIMARY KEY, v text) PARTITION BY HASH (id);
CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE spread_2 PARTITION OF spread FOR VALUES WITH (MODULUS 3, REMAINDER 2);
ALTER TABLE spread_1 ENABLE ROW LEVEL SECURITY;
CREATE POLICY not_all ON spread_1 TO scn_reader USING (id > 10);
GRANT SELECT ON spread_1 TO scn_reader;
INSERT INTO spread SELECT g, 'v' || g FROM generate_series(1, 500) g;
CREATE PUBLICATION spread_all FOR TABLE spread WITH (publish_via_partition_root = true);
CREATE PUBLICATION spread_one FOR TABLE spread_1;
RESET ROLE;
