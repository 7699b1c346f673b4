SET ROLE scn_owner;
UPDATE "Order" SET "select" = 100, "a""b" = 'it''s' WHERE id = 11;
DELETE FROM "1st $$ (weird) ""table""" WHERE key = 13;
DELETE FROM "Order" WHERE id = 13;
