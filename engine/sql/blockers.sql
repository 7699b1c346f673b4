/* pgmoult:locks */
-- Who holds or awaits a lock on one of the tables $1 (text[], schemas) . $2 (text[], names), besides ourselves and those
-- waiting for us. By the catalog: the login need not have any right on the schemas. Of other roles the age is shown to
-- members of pg_read_all_stats only.
SELECT CASE
         WHEN l.pid IS NULL THEN format('prepared transaction %L (%s, prepared %s)', p.gid, p.owner, p.prepared)
         ELSE format('pid %s (%s)', l.pid,
                     concat_ws(', ', a.usename, nullif(a.application_name, ''),
                               CASE WHEN a.backend_type <> 'client backend' THEN a.backend_type END, a.state,
                               'transaction ' || round(extract(epoch FROM t.age))::int8 || ' s old',
                               'query began ' || to_char(a.query_start, 'HH24:MI:SS'),
                               CASE WHEN v.for_wraparound THEN 'anti-wraparound vacuum' END)) END,
       CASE WHEN l.granted THEN '' ELSE 'waits for ' END || l.mode || ' on ' || l.relation::regclass,
       coalesce(l.pid, 0), l.virtualtransaction, l.granted,
       extract(epoch FROM t.age)::float8,
       -- An autovacuum gives way to whoever asks politely.
       coalesce(a.backend_type = 'autovacuum worker', false) AND NOT coalesce(v.for_wraparound, false),
       -- What a session's end would cost: PostgreSQL undoes nothing, so no rollback takes long; but what a transaction
       -- has written so far has to be done again.
       CASE
         WHEN l.pid IS NULL THEN 'a prepared transaction has no session'
         WHEN a.backend_type IS NULL OR t.age IS NULL
           THEN 'this login cannot see what it is and how old its transaction is (GRANT pg_read_all_stats)'
         WHEN a.backend_type <> 'client backend' THEN 'it is no client'
         WHEN t.age < interval '1 second' THEN 'its transaction is short'
         -- Between two statements a client at work is idle, too, but not for long.
         WHEN a.backend_xid IS NOT NULL AND t.age > $3::float8 * interval '1 second'
              AND NOT (a.state LIKE 'idle in transaction%'
                       AND clock_timestamp() - a.state_change > $3::float8 / 2 * interval '1 second')
           THEN format('it has been writing for %s s, which it would have to do again', round(extract(epoch FROM t.age)))
         ELSE '' END
FROM pg_locks l
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
-- Locks of a prepared transaction have no pid; its lock on its own transaction id leads to its name.
LEFT JOIN pg_locks tl ON l.pid IS NULL AND tl.pid IS NULL AND tl.locktype = 'transactionid'
                         AND tl.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_prepared_xacts p ON p.transaction = tl.transactionid
CROSS JOIN LATERAL (SELECT clock_timestamp() - coalesce(a.xact_start, p.prepared) AS age) t
CROSS JOIN LATERAL (SELECT a.query LIKE 'autovacuum:%to prevent wraparound%' AS for_wraparound) v
WHERE l.locktype = 'relation'
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  AND l.relation IN (SELECT c.oid FROM unnest($1::text[], $2::text[]) t (schema, name) JOIN pg_namespace n ON n.nspname = t.schema
                     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name)
  AND l.pid IS DISTINCT FROM pg_backend_pid()
  AND coalesce(a.application_name, '') NOT LIKE 'pgmoult %'
ORDER BY l.granted DESC, coalesce(a.xact_start, p.prepared) NULLS LAST, l.virtualtransaction
LIMIT 500
