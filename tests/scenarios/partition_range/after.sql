\ir ../partition_facts.sql
SET ROLE scn_clerk;
INSERT INTO sales (id, day) VALUES (300, '2023-03-03'), (301, '2024-03-03');
UPDATE sales SET amount = amount + 1 WHERE id BETWEEN 60 AND 80;
UPDATE sales SET day = '2024-12-12' WHERE id = 4;
UPDATE sales SET day = '2023-12-12' WHERE id = 141;
DELETE FROM sales WHERE id = 6;
SELECT tried('INSERT INTO sales_23 VALUES (302, ''2023-02-02'')');
RESET ROLE;
SET ROLE scn_owner;
SELECT tried('INSERT INTO sales_23 (id, day) VALUES (302, ''2024-02-02'')');
SELECT tried('INSERT INTO sales VALUES (302, ''2023-02-02'', -1)');
SELECT tried('INSERT INTO sales VALUES (300, ''2023-03-03'')');
SELECT tried('DROP INDEX sales_23_amount_idx');
INSERT INTO sales_23 (id, day) VALUES (302, '2023-02-02');
SELECT tableoid::regclass, count(*), sum(amount), sum(version) FROM sales GROUP BY 1 ORDER BY tableoid::regclass::text;
SELECT what, count(*) FROM log GROUP BY 1 ORDER BY 1;
ALTER TABLE sales DETACH PARTITION sales_23;
INSERT INTO sales_23 (id, day) VALUES (303, '2030-02-02');
