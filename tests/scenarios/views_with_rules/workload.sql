SET ROLE scn_owner;
INSERT INTO rich VALUES (101, 'owner 9', 500);
UPDATE rich SET balance = balance + 7 WHERE id > 20;
DELETE FROM rich WHERE id > 22;
