SET ROLE scn_owner;
SELECT tried('INSERT INTO ages VALUES (100, 3, ''x'')');
SELECT tried('UPDATE ages SET name = NULL WHERE id = 40');
SELECT tried('ALTER TABLE ages VALIDATE CONSTRAINT adult');
