SET ROLE scn_owner;
UPDATE t SET next = NULL;
DELETE FROM t WHERE id = 7;
UPDATE t SET id = 1003 WHERE id = 3;
INSERT INTO t (id, up, next) VALUES (200, 1, 201), (201, 200, 200);
