SET ROLE scn_owner;
INSERT INTO news (head) VALUES ('new');
UPDATE news SET head = 'x' WHERE id = 3;
DELETE FROM news WHERE id = 4;
TRUNCATE news;
INSERT INTO news (head) VALUES ('newer');
