SET ROLE scn_owner;
DELETE FROM nodes WHERE id = 2000;
DELETE FROM roots WHERE id = 4;
UPDATE roots SET id = 50 WHERE id = 5;
SELECT * FROM nodes ORDER BY id;
SELECT count(*), sum(node) FROM leaves;
