SET ROLE scn_owner;
SELECT tried('INSERT INTO dogs (id, owner) VALUES (80, 45)');
SELECT tried('UPDATE dogs SET owner = 46 WHERE id = 40');
SELECT tried('UPDATE dogs SET name = ''same owner'' WHERE id = 41');
SELECT tried('ALTER TABLE dogs VALIDATE CONSTRAINT dogs_owner');
SELECT tried('ALTER TABLE dogs VALIDATE CONSTRAINT dogs_vet');
UPDATE dogs SET walker = NULL WHERE walker IN (5, 6);
DELETE FROM owners WHERE id = 6 AND NOT EXISTS (SELECT FROM dogs WHERE owner = 6);
SELECT * FROM dogs ORDER BY id;
