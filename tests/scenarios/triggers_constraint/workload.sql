SET ROLE scn_owner;
BEGIN;
SET CONSTRAINTS maybe_late DEFERRED;
INSERT INTO boxes VALUES (101, 3), (102, 8);
UPDATE boxes SET size = 9 WHERE id = 101;
INSERT INTO audit (what) VALUES ('before the end');
COMMIT;
