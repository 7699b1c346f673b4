SET ROLE scn_owner;
INSERT INTO flags (id) VALUES (101);
SELECT * FROM flags WHERE id > 28 ORDER BY id;
