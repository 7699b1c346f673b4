SET ROLE scn_owner;
UPDATE prices SET amount = amount + 1 WHERE id = 4;
UPDATE prices SET "when" = '2025-01-01' WHERE id = 5;
INSERT INTO prices VALUES (30, 2000);
