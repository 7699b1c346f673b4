\ir ../partition_facts.sql
SET ROLE scn_owner;
SELECT tried('INSERT INTO events_else VALUES (600, ''2024-05-05'')');
SELECT tried('CREATE TABLE events_26 PARTITION OF events FOR VALUES FROM (''2026-01-01'') TO (''2027-01-01'')');
CREATE TABLE events_30 PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
SELECT tried('INSERT INTO events_else VALUES (601, ''2030-05-05'')');
INSERT INTO events (id, at) VALUES (602, '2030-05-05'), (603, '1990-01-01');
INSERT INTO events_else (id, at) VALUES (604, '1991-01-01');
SELECT tableoid::regclass, * FROM events WHERE id > 400 ORDER BY id;
