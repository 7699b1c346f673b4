SET ROLE scn_owner;
SELECT tableoid::regclass, * FROM days ORDER BY nr;
TRUNCATE days;
SELECT count(*) FROM days_old;
INSERT INTO days VALUES ('2023-02-02', 3);
