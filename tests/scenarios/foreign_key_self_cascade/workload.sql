SET ROLE scn_owner;
DELETE FROM nodes WHERE id = 4;
UPDATE nodes SET friend = NULL WHERE friend = 7;
UPDATE nodes SET id = 107 WHERE id = 7;
INSERT INTO nodes VALUES (200, 201, NULL, 'child'), (201, 200, 200, 'each other''s');
DELETE FROM nodes WHERE id = 5;
