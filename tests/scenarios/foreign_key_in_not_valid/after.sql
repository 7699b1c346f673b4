SET ROLE scn_owner;
SELECT tried('INSERT INTO dogs (id, owner) VALUES (80, 45)');
SELECT tried('UPDATE dogs SET owner = 46 WHERE id = 40');
SELECT tried('UPDATE dogs SET walker = 2 WHERE id = 41');
SELECT tried('ALTER TABLE dogs VALIDATE CONSTRAINT dogs_owner');
UPDATE owners SET id = 101 WHERE id = 61;
SELECT * FROM dogs ORDER BY id;
