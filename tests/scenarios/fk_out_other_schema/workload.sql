SET ROLE scn_owner;
DELETE FROM far.goods WHERE id = 30;
DELETE FROM goods WHERE id IN (1, 2);
DELETE FROM far.goods WHERE id IN (1, 2);
UPDATE far.goods SET name = 'better ' || id WHERE id > 25;
DELETE FROM "Far away"."The ""goods""" WHERE "Id" < 5;
