SET ROLE scn_owner;
DELETE FROM orders WHERE code = 'c5';
DELETE FROM customers WHERE id = 5;
UPDATE customers SET id = 108, code = 'C8' WHERE id = 8;
INSERT INTO customers VALUES (5000000000, 'big', 0.5);
SELECT tried('INSERT INTO orders VALUES (600, 999)');
SELECT tried('INSERT INTO orders VALUES (600, 1, ''c999'')');
SELECT tried('UPDATE customers SET id = 5000000001 WHERE id = 9');
SELECT * FROM orders ORDER BY id;
