SET ROLE scn_owner;
INSERT INTO t.t VALUES (18, 'w');
UPDATE t SET t = t + 1 WHERE id = 5;
