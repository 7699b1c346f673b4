\ir ../partition_facts.sql
SET ROLE scn_owner;
INSERT INTO docs SELECT g, 'last', 'body ' || g FROM generate_series(301, 340) g;
UPDATE docs SET id = id + 1000 WHERE id % 9 = 0;
SELECT g, tried(format('INSERT INTO docs VALUES (%s, ''x'', NULL)', g)), tried(format('INSERT INTO docs VALUES (%s, ''y'', ''z'')', g))
FROM generate_series(4001, 4008) g;
SELECT tableoid::regclass, count(*), sum(id) FROM docs GROUP BY 1 ORDER BY tableoid::regclass::text;
