/* pgmoult:locks */
-- Who holds or awaits a lock on one of the tables $1 (text[], schemas) . $2 (text[], names), besides ourselves and those
-- waiting for us. By the catalog: the login need not have any right on the schemas.
SELECT CASE
         WHEN l.pid IS NULL THEN format('prepared transaction %L (%s, prepared %s)', p.gid, p.owner, p.prepared)
         ELSE format('pid %s (%s)', l.pid,
                     concat_ws(', ', a.usename, nullif(a.application_name, ''),
                               CASE WHEN a.backend_type <> 'client backend' THEN a.backend_type END, a.state,
                               'transaction ' || (extract(epoch FROM clock_timestamp() - a.xact_start))::int || ' s old',
                               'query began ' || to_char(a.query_start, 'HH24:MI:SS'),
                               CASE WHEN a.query LIKE 'autovacuum:%to prevent wraparound%'
                                    THEN 'anti-wraparound vacuum' END)) END,
       CASE WHEN l.granted THEN '' ELSE 'waits for ' END || l.mode || ' on ' || l.relation::regclass
FROM pg_locks l
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_prepared_xacts p ON l.pid IS NULL AND l.virtualtransaction = '-1/' || p.transaction
WHERE l.locktype = 'relation'
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  AND l.relation IN (SELECT c.oid FROM unnest($1::text[], $2::text[]) t (schema, name) JOIN pg_namespace n ON n.nspname = t.schema
                     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name)
  AND l.pid IS DISTINCT FROM pg_backend_pid()
  AND coalesce(a.application_name, '') NOT LIKE 'pgmoult %'
ORDER BY l.granted DESC, a.xact_start NULLS LAST
LIMIT 10
