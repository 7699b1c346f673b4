SET ROLE scn_owner;
INSERT INTO owners VALUES (31, 'late'), (61, 'none''s');
UPDATE dogs SET walker = 31 WHERE walker = 4 OR walker = 7;
UPDATE owners SET id = 100 WHERE id = 4;
DELETE FROM owners WHERE id = 7;
