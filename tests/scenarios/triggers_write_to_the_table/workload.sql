SET ROLE scn_owner;
INSERT INTO tree (id, parent, label) VALUES (100, 5, 'new'), (101, 100, 'newer');
UPDATE tree SET parent = 2 WHERE id BETWEEN 20 AND 23;
DELETE FROM tree WHERE id = 4;
