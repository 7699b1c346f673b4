\ir ../partition_facts.sql
SET ROLE scn_owner;
SELECT tried('INSERT INTO words_a VALUES (400, ''m'', 5)'), tried('INSERT INTO words_a VALUES (401, ''m'', 4)'), tried('INSERT INTO words_a VALUES (402, ''M'', NULL)');
SELECT tableoid::regclass, count(*), sum(id) FROM words GROUP BY 1 ORDER BY tableoid::regclass::text;
