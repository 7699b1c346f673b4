SET ROLE scn_owner;
DELETE FROM meters WHERE id = 3;
ALTER TABLE readings DROP CONSTRAINT z_made_first;
SELECT conrelid::regclass, conname, conislocal, coninhcount FROM pg_constraint WHERE contype = 'f' ORDER BY conrelid::regclass::text, conname;
