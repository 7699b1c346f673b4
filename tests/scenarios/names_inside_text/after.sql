SET ROLE scn_owner;
SELECT * FROM tt ORDER BY 1;
SELECT count(*), sum(t) FROM other;
SELECT * FROM swapped ORDER BY 1;
SELECT t.count_t(10, 't.t 6');
INSERT INTO t.t VALUES (19, 'a');
UPDATE t SET t = t + 1 WHERE id = 6;
SELECT * FROM t ORDER BY id;
