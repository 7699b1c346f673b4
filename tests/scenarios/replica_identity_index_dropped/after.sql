SET ROLE scn_owner;
SELECT relreplident FROM pg_class WHERE oid = 'news'::regclass;
SELECT tried('UPDATE news SET head = ''y'' WHERE id = 5');
