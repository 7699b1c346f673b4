SET ROLE scn_owner;
INSERT INTO "All" VALUES (200, '2024-05-05', 'new');
UPDATE "All" SET "Day" = '2024-07-07' WHERE id = 7;
UPDATE parts."All" SET body = 'x' WHERE id = 8;
