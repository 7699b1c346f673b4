SET ROLE scn_owner;
UPDATE prices SET "Amount €" = "Amount €" + 1 WHERE id = 6;
UPDATE prices SET amount = '2026-01-01' WHERE id = 7;
UPDATE prices SET "when" = 4 WHERE id = 8;
UPDATE prices SET "Amount €" = 5000 WHERE id = 9;
SELECT * FROM audit ORDER BY nr;
SELECT * FROM prices ORDER BY id;
