\ir ../partition_facts.sql
SET ROLE scn_owner;
INSERT INTO orders_24 (id, day) VALUES (600, '2024-12-02');
INSERT INTO orders (id, day, body) VALUES (601, '2024-12-03', 'x');
UPDATE orders SET extra = 6 WHERE id = 60;
DELETE FROM orders_24 WHERE id = 61;
SELECT tried('INSERT INTO orders (id, day) VALUES (602, ''2024-12-02'')');
SELECT tried('INSERT INTO orders (id, day) VALUES (-1, ''2024-12-04'')');
SELECT tried('INSERT INTO orders_24 (id, day) VALUES (600, ''2024-12-05'')');
RESET ROLE;
SET ROLE scn_reader;
SELECT count(*) FROM orders_24;
RESET ROLE;
SET ROLE scn_clerk;
SELECT tried('SELECT id FROM orders_24'), tried('SELECT day FROM orders_24'), tried('SELECT FROM orders');
RESET ROLE;
SELECT * FROM orders ORDER BY id;
