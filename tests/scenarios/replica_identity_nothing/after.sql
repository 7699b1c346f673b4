SET ROLE scn_owner;
UPDATE news SET head = 'y' WHERE id = 5;
ALTER PUBLICATION inserts SET (publish = 'insert, update');
SELECT tried('UPDATE news SET head = ''z'' WHERE id = 5');
INSERT INTO news VALUES (60, 'newer');
