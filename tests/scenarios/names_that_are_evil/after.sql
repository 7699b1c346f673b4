SELECT * FROM public."select" ORDER BY 2 LIMIT 5;
SET ROLE scn_owner;
SELECT "My ""Schema"""."fn ("(12);
UPDATE "My ""Schema"""."select" SET "from" = 'after' WHERE "id" = 12;
DELETE FROM "My ""Schema"""."select" WHERE "table" IN (7, 9);
SELECT * FROM "My ""Schema"""."select" WHERE "id" IN (7, 8, 9, 12, 18) ORDER BY "id";
