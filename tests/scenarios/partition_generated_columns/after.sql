\ir ../partition_facts.sql
SET ROLE scn_owner;
INSERT INTO days (day, a) VALUES ('2020-02-01', 5001);
INSERT INTO days_sad (day, a) VALUES ('2020-03-01', 5002);
SELECT tried('INSERT INTO days_sad (day, a, mood) VALUES (''2020-04-01'', 5003, ''happy'')');
SELECT tried('INSERT INTO days (day, a) VALUES (''2020-05-01'', 5001)');
SELECT tableoid::regclass, * FROM days WHERE a > 900 ORDER BY day;
