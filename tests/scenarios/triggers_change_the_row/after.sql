SET ROLE scn_owner;
INSERT INTO notes VALUES (540, 'later');
UPDATE notes SET body = 'later' WHERE id = 10;
SELECT * FROM notes ORDER BY id;
