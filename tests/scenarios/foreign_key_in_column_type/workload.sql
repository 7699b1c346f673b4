SET ROLE scn_owner;
DELETE FROM orders WHERE code = 'c4';
DELETE FROM customers WHERE id = 4;
UPDATE customers SET id = 107, code = 'C7' WHERE id = 7;
INSERT INTO customers VALUES (200, 'c200', 200);
INSERT INTO orders VALUES (500, 200, 'c200', 200);
