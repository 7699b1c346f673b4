/* pgmoult:cutover */
-- Sessions that wait for a lock on one of the relations $1 (oid[]), besides those of $2 (int[]), and for how many
-- milliseconds they have. A wait that has only just begun has no start yet.
SELECT l.pid, coalesce(1000 * extract(epoch FROM clock_timestamp() - l.waitstart), 0)::float8
FROM pg_locks l
WHERE NOT l.granted AND l.locktype = 'relation' AND l.pid <> ALL ($2::int[]) AND l.relation = ANY ($1::oid[])
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
