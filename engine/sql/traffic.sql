/* pgmoult:cutover */
-- What goes on around table $1 (oid): the oldest transaction of the database, for people, with its age in seconds (as far
-- as this login may see others'); and how many rows of the table were written since the server counts.
SELECT coalesce(o.who, ''), coalesce(o.seconds, 0),
       pg_stat_get_tuples_inserted($1::oid) + pg_stat_get_tuples_updated($1::oid) + pg_stat_get_tuples_deleted($1::oid)
FROM (SELECT) one
LEFT JOIN (SELECT format('pid %s (%s)', a.pid, concat_ws(', ', a.usename, nullif(a.application_name, ''), a.state)) AS who,
                  extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds
           FROM pg_stat_activity a
           WHERE a.datname = current_database() AND a.xact_start IS NOT NULL AND a.pid <> pg_backend_pid()
             AND a.backend_type = 'client backend' AND coalesce(a.application_name, '') NOT LIKE 'pgmoult %'
           ORDER BY a.xact_start LIMIT 1) o ON true
