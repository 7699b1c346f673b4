SET ROLE scn_clerk;
INSERT INTO sales VALUES (200, '2023-02-02', 5, 'new'), (201, '2024-02-02', 5, 'new');
UPDATE sales SET amount = amount + 1 WHERE id BETWEEN 60 AND 80;
UPDATE sales SET day = '2024-11-11' WHERE id = 3;
UPDATE sales SET day = '2023-11-11' WHERE id = 140;
DELETE FROM sales WHERE id = 5;
SELECT tried('INSERT INTO sales VALUES (202, ''2022-02-02'')') \g /dev/null
