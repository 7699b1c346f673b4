\ir ../partition_facts.sql
SET ROLE scn_reader;
INSERT INTO days VALUES ('2023-01-01', 1002, 'x');
SELECT tried('INSERT INTO days VALUES (''2023-01-01'', 1003)');
SELECT tried('SELECT FROM days_old');
SELECT count(*) FROM days;
