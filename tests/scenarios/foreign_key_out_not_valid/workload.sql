SET ROLE scn_owner;
UPDATE dogs SET name = name || '!' WHERE id > 45;
INSERT INTO dogs VALUES (70, 7, 7, 7, 'new');
DELETE FROM dogs WHERE id = 50;
UPDATE dogs SET vet = 2, walker = 2 WHERE vet = 4;
UPDATE owners SET id = 100 WHERE id = 4;
