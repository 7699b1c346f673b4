SET ROLE scn_owner;
INSERT INTO inbox VALUES (3, 300), (4, 5);
UPDATE stock SET "How Many" = 1000 WHERE id = 5;
SELECT * FROM stock ORDER BY id;
SELECT * FROM history ORDER BY nr;
