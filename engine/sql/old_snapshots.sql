/* pgmoult:cutover */
-- Sessions of this database whose snapshot may not see transaction $1 (xid8 as text), the last that moved rows into the
-- shadow: their snapshot was taken while it, or an older one, was still running. Our own never keep one that long.
SELECT format('pid %s (%s)', a.pid,
              concat_ws(', ', a.usename, nullif(a.application_name, ''), a.state,
                        'transaction ' || (extract(epoch FROM clock_timestamp() - a.xact_start))::int || ' s old'))
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.backend_xmin IS NOT NULL AND a.pid <> pg_backend_pid()
  AND coalesce(a.application_name, '') NOT LIKE 'pgmoult %'
  -- backend_xmin is shown to everybody, backend_type only to members of the role and of pg_read_all_stats. What belongs to
  -- no user is autovacuum, which reads nothing of ours.
  AND a.usesysid IS NOT NULL AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'parallel worker')
  AND NOT EXISTS (SELECT FROM pg_stat_replication r WHERE r.pid = a.pid)
  AND age(a.backend_xmin) >= age($1::xid8::xid)
  -- A writer in any database holds everybody's xmin back. Who began after $2 (NULL: not known), by when that transaction
  -- had committed, sees
  -- it all the same.
  AND coalesce(a.xact_start <= $2::timestamptz, true)
ORDER BY a.xact_start
LIMIT 10
