/* pgmoult:cleanup */
-- Schemas named like ours: the migration's id, name, owner, whether it keeps an old table, and the tables whose triggers
-- run its functions.
SELECT substring(n.nspname FROM '[0-9]+')::int8, n.nspname::text, pg_get_userbyid(n.nspowner)::text,
       n.nspname ~ '_old$' AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r'
                                         AND c.relname <> 'pgmoult_swapped'),
       ARRAY(SELECT DISTINCT g.tgrelid::regclass::text FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
             WHERE p.pronamespace = n.oid)
FROM pg_namespace n
WHERE n.nspname ~ '^pgmoult_[0-9]{1,18}_(new|old)$'
ORDER BY 1
