-- The partition is the owner's, its parent somebody else's: who may write into the one cannot exchange the parts of the other.
GRANT CREATE ON SCHEMA public TO scn_stranger;
SET ROLE scn_stranger;
CREATE TABLE days (day date, nr int, PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_old PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
INSERT INTO days SELECT date '2023-01-01' + g, g FROM generate_series(1, 40) g;
RESET ROLE;
ALTER TABLE days_old OWNER TO scn_owner;
