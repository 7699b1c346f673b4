SET ROLE scn_owner;
INSERT INTO orders (id, day) VALUES (500, '2024-12-01'), (501, '2026-12-01');
UPDATE orders SET extra = 5 WHERE id BETWEEN 40 AND 45;
DELETE FROM orders_24 WHERE id = 50;
