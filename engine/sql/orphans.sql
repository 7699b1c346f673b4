/* pgmoult:cleanup */
-- Schemas named like ours: the migration's id, name, owner, whether it keeps an old table, the tables whose triggers run
-- its functions, and the bytes of its change log and of its other tables, indexes and TOAST included.
SELECT substring(n.nspname FROM '[0-9]+')::int8, n.nspname::text, pg_get_userbyid(n.nspowner)::text,
       n.nspname ~ '_old$' AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r'
                                         AND c.relname <> 'pgmoult_swapped'),
       ARRAY(SELECT DISTINCT g.tgrelid::regclass::text FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
             WHERE p.pronamespace = n.oid),
       b.log, b.others
FROM pg_namespace n
CROSS JOIN LATERAL (
  SELECT coalesce(sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relname = 'pgmoult_change_log'), 0)::int8,
         coalesce(sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relname <> 'pgmoult_change_log'), 0)::int8
  FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r') b (log, others)
WHERE n.nspname ~ '^pgmoult_[0-9]{1,18}_(new|old)$'
ORDER BY 1, 2
