-- The default partition; what belongs elsewhere cannot be in it, and new partitions look into it.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE events (id int, at timestamp NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE events_24 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_else PARTITION OF events (id PRIMARY KEY) DEFAULT;
INSERT INTO events SELECT g, timestamp '2022-01-01' + g * interval '11 days', 'what ' || g FROM generate_series(1, 150) g;
COMMENT ON TABLE events_else IS 'everything else';
RESET ROLE;
