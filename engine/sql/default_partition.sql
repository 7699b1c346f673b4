/* pgmoult:catalog */
-- The default partition beside the partition $1 (an OID): one row, none where there is none. Schema, name, role (its owner, '' if
-- the login may not act as that role), whether it has partitions, bytes (with its partitions), facts: its NOT NULL columns and valid
-- CHECKs, as statements on $2, a stand-in's name. To be run with search_path = pg_catalog.
SELECT n.nspname::text, d.relname::text,
       CASE WHEN pg_has_role(session_user, d.relowner, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
            THEN pg_get_userbyid(d.relowner)::text ELSE '' END,
       d.relkind = 'p',
       (SELECT coalesce(sum(pg_table_size(t.relid)), 0) FROM pg_partition_tree(d.oid) t)::int8,
       ARRAY(SELECT format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', $2::text, x.attname)
             FROM pg_attribute x WHERE x.attrelid = d.oid AND x.attnum > 0 AND x.attnotnull AND NOT x.attisdropped ORDER BY x.attnum)
       || ARRAY(SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', $2::text, 'pgmoult_' || k.oid, pg_get_constraintdef(k.oid))
                FROM pg_constraint k WHERE k.conrelid = d.oid AND k.contype = 'c' AND k.convalidated
                  AND coalesce(to_jsonb(k)->>'conenforced', 'true') = 'true' ORDER BY k.oid)
FROM pg_inherits i JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
JOIN pg_class d ON d.oid = p.partdefid JOIN pg_namespace n ON n.oid = d.relnamespace
WHERE i.inhrelid = $1::oid AND d.oid <> i.inhrelid
