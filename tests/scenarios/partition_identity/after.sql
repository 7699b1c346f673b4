\ir ../partition_facts.sql
SET ROLE scn_owner;
INSERT INTO tickets (day) VALUES ('2023-02-01'), ('2025-02-01') RETURNING id;
INSERT INTO tickets_old (day) VALUES ('2023-02-02') RETURNING id;
SELECT tried('INSERT INTO tickets_old (id, day) VALUES (1, ''2023-02-02'')');
SELECT attrelid::regclass, attname, attidentity FROM pg_attribute WHERE attrelid::regclass::text LIKE 'tickets%' AND attname = 'id' ORDER BY attrelid::regclass::text;
ALTER TABLE tickets DETACH PARTITION tickets_old;
