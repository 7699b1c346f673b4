SET ROLE scn_owner;
UPDATE everything SET amount = amount + 1 WHERE id BETWEEN 10 AND 20;
INSERT INTO everything VALUES (101, 'customer 101', 1, NULL);
DELETE FROM orders WHERE id = 5;
