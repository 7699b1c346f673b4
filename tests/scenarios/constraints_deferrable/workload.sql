SET ROLE scn_owner;
BEGIN;
UPDATE seats SET nr = 2 WHERE id = 1;
UPDATE seats SET nr = 1 WHERE id = 2;
UPDATE seats SET during = int4range(0, 1000) WHERE id = 3;
UPDATE seats SET during = '[5000,6000)' WHERE id = 3;
COMMIT;
UPDATE seats SET nr = nr + 1;
