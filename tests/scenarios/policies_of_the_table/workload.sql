SET ROLE scn_clerk;
UPDATE docs SET title = 'by the clerk' WHERE id < 10;
INSERT INTO docs VALUES (101, 2, 'new');
DELETE FROM docs WHERE id BETWEEN 20 AND 30;
