-- Every sequence goes on where PostgreSQL's own goes on.
SELECT oid::regclass, nextval(oid) FROM pg_class WHERE relkind = 'S' ORDER BY relname;
