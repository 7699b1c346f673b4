SET ROLE scn_owner;
SELECT tried('INSERT INTO few_local VALUES (40, ''a'', 0)');
SELECT tried('INSERT INTO few_local VALUES (41, ''a'', 200)');
SELECT tried('INSERT INTO few_cascaded VALUES (42, ''a'', 200)');
SELECT tried('INSERT INTO few_cascaded VALUES (43, ''a'', 20)');
SELECT tried('UPDATE direct SET place = ''nowhere'' WHERE id = 9');
SELECT tried('UPDATE direct SET many = 13000 WHERE id = 9');
SELECT count(*), sum(many) FROM stock;
