SET ROLE scn_owner;
INSERT INTO rich VALUES (102, 'owner 9', 600) RETURNING *;
UPDATE rich SET balance = balance + 11 WHERE id > 20;
DELETE FROM rich WHERE id = 12;
SELECT * FROM accounts ORDER BY id;
SELECT * FROM book ORDER BY nr;
