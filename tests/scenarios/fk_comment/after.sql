SELECT conname, conrelid::regclass, obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE contype = 'f'
ORDER BY conrelid::regclass::text, conname;
