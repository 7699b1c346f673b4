/* pgmoult:journal */
SELECT m.id, m.statement, m.source_schema::text, m.source_name::text, m.source_oid, m.owner::text, m.stage, m.state,
       m.message, m.options::text, coalesce(m.design::text, 'null'), m.progress::text,
       EXISTS (SELECT FROM pg_catalog.pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = 1886217589
                 AND l.objid = m.source_oid
                 AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                                   WHERE d.datname = pg_catalog.current_database())),
       extract(epoch FROM pg_catalog.clock_timestamp() - m.created_at)::float8,
       extract(epoch FROM pg_catalog.clock_timestamp() - m.heartbeat_at)::float8,
       m.engine, coalesce(m.undo::text, 'null'), m.reverted
FROM pgmoult.migration m
WHERE $1::bigint IS NULL OR m.id = $1::bigint
ORDER BY m.id
