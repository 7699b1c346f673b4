SET ROLE scn_owner;
UPDATE "My ""Schema"""."select" SET "from" = 'by "w"' WHERE "id" % 9 = 0;
DELETE FROM "My ""Schema"""."select" WHERE "table" IN (7, 8);
INSERT INTO "My ""Schema"""."as" ("A""B") SELECT 'none' WHERE false;
