SET ROLE scn_owner;
UPDATE dogs SET name = name || '!' WHERE id > 45;
INSERT INTO dogs VALUES (70, 7, 7, 7, 'new');
UPDATE owners SET id = 100 WHERE id = 4 AND NOT EXISTS (SELECT FROM dogs WHERE vet = 4 AND false) AND tried('SELECT 1/0') <> 'done'
  AND NOT EXISTS (SELECT FROM dogs WHERE walker = 4);
DELETE FROM dogs WHERE id = 50;
