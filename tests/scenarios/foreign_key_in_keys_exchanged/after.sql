SET ROLE scn_owner;
UPDATE articles SET ean = 5005 WHERE code = 'c5';
DELETE FROM articles WHERE code = 'c6';
SELECT tried('INSERT INTO stock VALUES (99, 99)');
SELECT tried('ALTER TABLE articles DROP CONSTRAINT ean_once');
CREATE TABLE more (code text REFERENCES articles);
SELECT * FROM stock ORDER BY id;
