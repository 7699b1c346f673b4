SET ROLE scn_owner;
SELECT tried('INSERT INTO days VALUES (''2023-01-01'', 500)');
SELECT conrelid::regclass, conname, conislocal, coninhcount FROM pg_constraint WHERE contype = 'n' ORDER BY conrelid::regclass::text, conname;
ALTER TABLE days ALTER COLUMN day DROP NOT NULL;
SELECT conrelid::regclass, conname, conislocal, coninhcount FROM pg_constraint WHERE contype = 'n' ORDER BY conrelid::regclass::text, conname;
