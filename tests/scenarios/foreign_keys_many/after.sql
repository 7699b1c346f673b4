SET ROLE scn_owner;
DELETE FROM hub WHERE id IN (6, 51);
DELETE FROM out_8 WHERE id < 55;
SELECT g, tried(format('INSERT INTO in_%s VALUES (99, 99)', g)), tried(format('UPDATE hub SET o%s = 99', g)) FROM generate_series(1, 50) g;
