SET ROLE scn_owner;
SELECT conrelid::regclass, conname, conislocal, coninhcount FROM pg_constraint WHERE contype = 'f' ORDER BY conrelid::regclass::text, conname;
ALTER TABLE readings DROP CONSTRAINT of_meter;
SELECT conrelid::regclass, conname, conislocal, coninhcount FROM pg_constraint WHERE contype = 'f' ORDER BY conrelid::regclass::text, conname;
