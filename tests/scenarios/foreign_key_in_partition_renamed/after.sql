SET ROLE scn_owner;
DELETE FROM meters WHERE id = 3;
SELECT tried('INSERT INTO readings VALUES (''2024-05-05'', 99)');
SELECT tried('ALTER TABLE readings_24 DROP CONSTRAINT "in between"');
ALTER TABLE readings DETACH PARTITION readings_24;
SELECT conrelid::regclass, conname, conislocal, coninhcount FROM pg_constraint WHERE contype = 'f' ORDER BY conrelid::regclass::text, conname;
