SET ROLE scn_owner;
SELECT conname, convalidated FROM pg_constraint WHERE contype = 'f' ORDER BY 1;
SELECT tried('INSERT INTO c VALUES (200, 99, NULL)');
SELECT tried('INSERT INTO c VALUES (200, NULL, 99)');
SELECT tried('UPDATE c SET loose = 98 WHERE id = 59');
SELECT tried('DELETE FROM p WHERE id IN (8, 9)');
SELECT tried('ALTER TABLE c VALIDATE CONSTRAINT loose');
SELECT count(*), sum(loose), sum(firm) FROM c;
