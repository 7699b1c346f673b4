SET ROLE scn_owner;
INSERT INTO tree (id, parent, label) VALUES (150, 101, 'newest');
UPDATE tree SET parent = 150 WHERE id = 30;
DELETE FROM tree WHERE id = 2;
SELECT * FROM tree ORDER BY id;
