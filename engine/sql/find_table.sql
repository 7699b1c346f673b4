/* pgmoult:catalog */
-- $1: OID of the table.
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, o.rolname::text,
       CASE WHEN c.reltuples >= 0 AND c.relpages > 0
            THEN c.reltuples / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::int8)
            ELSE greatest(c.reltuples, 0) END::float8,
       pg_table_size(c.oid), pg_indexes_size(c.oid),
       l.rolsuper, o.rolsuper, o.rolname = session_user, -- Since 16 a member need not be allowed to SET ROLE.
       pg_has_role(session_user, o.oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END),
       pg_has_role(session_user, o.oid, 'MEMBER'), session_user::text, current_database()::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_roles o ON o.oid = c.relowner
JOIN pg_roles l ON l.rolname = session_user
WHERE c.oid = $1::oid
