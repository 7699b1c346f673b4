-- What can be told of partitions: who belongs to whom, with which bounds, down to indexes.
SELECT inhrelid::regclass, inhparent::regclass, inhseqno, pg_get_expr(relpartbound, inhrelid), relispartition
FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid ORDER BY inhrelid::regclass::text;
