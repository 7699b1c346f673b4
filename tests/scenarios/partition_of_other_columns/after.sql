\ir ../partition_facts.sql
SET ROLE scn_owner;
INSERT INTO "All" VALUES (201, '2024-05-05');
INSERT INTO parts."All" (id, "Day") VALUES (202, '2024-05-06');
SELECT tried('INSERT INTO parts."All" (id, "Day") VALUES (1000, ''2024-06-01'')');
SELECT tried('INSERT INTO parts."All" (id, "Day") VALUES (999, ''2024-06-01'')');
SELECT tableoid::regclass, * FROM "All" WHERE id > 90 OR id < 10 ORDER BY id;
ALTER TABLE "All" DROP COLUMN body;
SELECT * FROM parts."All" ORDER BY id LIMIT 2;
