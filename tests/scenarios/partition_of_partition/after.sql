\ir ../partition_facts.sql
SET ROLE scn_owner;
INSERT INTO cells VALUES (2024, 'east', 600, 1);
SELECT tried('INSERT INTO cells_24_north VALUES (2023, ''north'', 601, 1)');
SELECT tried('INSERT INTO cells_24_north VALUES (2024, ''south'', 601, 1)');
SELECT tried('INSERT INTO cells VALUES (2024, ''east'', 601, NULL)');
UPDATE cells SET region = 'east' WHERE id = 17;
SELECT tableoid::regclass, count(*), sum(value) FROM cells GROUP BY 1 ORDER BY tableoid::regclass::text;
ALTER TABLE cells DETACH PARTITION cells_24;
ALTER TABLE cells_24 DETACH PARTITION cells_24_north;
