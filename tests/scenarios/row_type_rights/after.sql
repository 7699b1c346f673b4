SELECT typname, typacl, obj_description(oid, 'pg_type') FROM pg_type WHERE typname IN ('ships', '_ships') ORDER BY 1;
