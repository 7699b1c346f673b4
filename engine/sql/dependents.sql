-- What stands in the way of changing the table $1 (an OID), one finding a row: severity ('refuse', 'warn', 'note'), code, object,
-- message, remedy. $2 (boolean): members of FOR ALL TABLES publications are allowed.
-- To be run as the role that will do the work (current_user, the table's owner or a member of it), search_path = pg_catalog.
-- What belongs to the table and is made again with it (indexes, constraints, defaults, owned sequences, extended statistics, TOAST,
-- triggers, policies, rules) is listed in "own", what others have hung on it and gets carried over in "carried" (the kinds of
-- dependents_of.sql); whatever else pg_depend knows is refused, if need be as unknown_dependent.
WITH rel AS (
  SELECT c.*, n.nspname, c.oid::regclass::text AS tab, pg_get_userbyid(c.relowner)::text AS owner_name,
         t.typarray, current_setting('server_version_num')::int AS version
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_type t ON t.oid = c.reltype
  WHERE c.oid = $1::oid
),
owned_sequence AS (
  SELECT d.objid AS oid, d.deptype
  FROM rel r JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.refobjsubid > 0
                             AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
),
-- Materialized views on the table and on one another: they are made again, too.
moved AS (
  WITH RECURSIVE step AS (
    SELECT r.oid FROM rel r
    UNION
    SELECT w.ev_class
    FROM step s
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_class <> s.oid JOIN pg_class c ON c.oid = w.ev_class AND c.relkind = 'm'
  )
  SELECT c.oid, c.reltype, t.typarray, c.reltoastrelid, c.relname, c.relnamespace, c.relowner,
         CASE WHEN c.oid = $1::oid THEN 'the table' ELSE 'the materialized view ' || c.oid::regclass END AS what,
         CASE WHEN c.oid = $1::oid THEN '' ELSE ' of the materialized view ' || c.oid::regclass END AS of
  FROM step s JOIN pg_class c ON c.oid = s.oid LEFT JOIN pg_type t ON t.oid = c.reltype
),
-- The things by which others may refer to the table.
referred (classid, objid, what) AS (
  SELECT 'pg_class'::regclass::oid, m.oid, m.what FROM moved m
  UNION ALL SELECT 'pg_type'::regclass::oid, m.reltype, 'its row type' || m.of FROM moved m WHERE m.reltype <> 0
  UNION ALL SELECT 'pg_type'::regclass::oid, m.typarray, 'its array type' || m.of FROM moved m WHERE m.typarray <> 0
  UNION ALL SELECT 'pg_class'::regclass::oid, x.indexrelid, 'its index ' || x.indexrelid::regclass
            FROM moved m JOIN pg_index x ON x.indrelid = m.oid
  UNION ALL SELECT 'pg_constraint'::regclass::oid, k.oid, 'its constraint ' || quote_ident(k.conname)
            FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid
  UNION ALL SELECT 'pg_class'::regclass::oid, s.oid, 'its identity sequence ' || s.oid::regclass
            FROM owned_sequence s WHERE s.deptype = 'i'
),
-- of_table: not of a materialized view.
own (classid, objid, of_table) AS (
  SELECT f.classid, f.objid, f.objid NOT IN (SELECT m.oid FROM moved m WHERE m.oid <> $1::oid
                                            UNION ALL SELECT x.indexrelid FROM moved m JOIN pg_index x ON x.indrelid = m.oid
                                            WHERE m.oid <> $1::oid)
  FROM referred f
  UNION ALL SELECT 'pg_class'::regclass::oid, m.reltoastrelid, true FROM moved m
  UNION ALL SELECT 'pg_class'::regclass::oid, s.oid, true FROM owned_sequence s
  UNION ALL SELECT 'pg_attrdef'::regclass::oid, a.oid, true FROM rel r JOIN pg_attrdef a ON a.adrelid = r.oid
  UNION ALL SELECT 'pg_statistic_ext'::regclass::oid, s.oid, m.oid = $1::oid
            FROM moved m JOIN pg_statistic_ext s ON s.stxrelid = m.oid
  UNION ALL SELECT 'pg_trigger'::regclass::oid, g.oid, true FROM rel r JOIN pg_trigger g ON g.tgrelid = r.oid
  UNION ALL SELECT 'pg_policy'::regclass::oid, p.oid, true FROM rel r JOIN pg_policy p ON p.polrelid = r.oid
  UNION ALL SELECT 'pg_rewrite'::regclass::oid, w.oid, m.oid = $1::oid FROM moved m JOIN pg_rewrite w ON w.ev_class = m.oid
),
dependent AS (
  SELECT d.classid, d.objid, d.objsubid, string_agg(DISTINCT f.what, ' and ') AS what,
         bool_or(d.refclassid = 'pg_type'::regclass) AS by_type
  FROM referred f JOIN pg_depend d ON d.refclassid = f.classid AND d.refobjid = f.objid
  WHERE d.classid <> 0  -- Up to 14 a pinned system object has an entry of its own.
    AND NOT EXISTS (SELECT FROM own o WHERE o.classid = d.classid AND o.objid = d.objid)
  GROUP BY d.classid, d.objid, d.objsubid
),
-- Each dependent with the name of its kind; NULL if another finding below already speaks of it.
classified AS (
  SELECT d.*, w.ev_class, wc.relkind AS ev_relkind, i.type || ' ' || i.identity AS name,
         CASE
           WHEN d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_publication_rel'::regclass) THEN NULL
           WHEN d.classid = 'pg_constraint'::regclass THEN CASE WHEN k.contype <> 'f' THEN 'expression_elsewhere' END
           WHEN d.classid = 'pg_trigger'::regclass THEN CASE WHEN NOT g.tgisinternal THEN 'trigger_elsewhere' END
           WHEN d.classid = 'pg_attrdef'::regclass THEN 'expression_elsewhere'
           WHEN d.classid = 'pg_proc'::regclass THEN
             CASE WHEN d.by_type OR f.prosqlbody IS NULL THEN 'function' END
           WHEN d.classid = 'pg_type'::regclass THEN 'row_type_used'
           WHEN d.classid = 'pg_class'::regclass AND h.inhrelid IS NOT NULL AND NOT d.by_type THEN NULL
           WHEN d.classid = 'pg_class'::regclass AND d.by_type THEN 'row_type_used'
           WHEN d.classid = 'pg_class'::regclass AND c.relkind IN ('i', 'I') THEN 'expression_elsewhere'
           ELSE 'unknown_dependent'
         END AS code
  FROM rel r, dependent d
  LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
  LEFT JOIN pg_class wc ON wc.oid = w.ev_class
  LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
  LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
  LEFT JOIN pg_proc f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid
  LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
  LEFT JOIN pg_inherits h ON h.inhrelid = c.oid AND h.inhparent = $1::oid
  LEFT JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i ON true
),
-- What others have hung on the table and gets carried over: who can make it again, and in which schema he must be allowed to.
carried (classid, oid, name, owner, schema, kind) AS (
  SELECT DISTINCT 'pg_class'::regclass::oid, c.oid, 'view ' || c.oid::regclass, c.relowner, c.relnamespace, 'view'
  FROM dependent d JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.rulename = '_RETURN'
  JOIN pg_class c ON c.oid = w.ev_class AND c.relkind = 'v'
  UNION ALL
  SELECT 'pg_class'::regclass::oid, m.oid, 'materialized view ' || m.oid::regclass, m.relowner, m.relnamespace, 'materialized view'
  FROM rel r, moved m WHERE m.oid <> r.oid
  UNION ALL
  SELECT DISTINCT 'pg_rewrite'::regclass::oid, w.oid, 'rule ' || quote_ident(w.rulename) || ' on ' || c.oid::regclass, c.relowner, NULL::oid,
         'rule'
  FROM dependent d JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.rulename <> '_RETURN'
  JOIN pg_class c ON c.oid = w.ev_class
  UNION ALL
  SELECT DISTINCT 'pg_policy'::regclass::oid, p.oid, 'policy ' || quote_ident(p.polname) || ' on ' || c.oid::regclass, c.relowner, NULL::oid,
         'policy'
  FROM dependent d JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid JOIN pg_class c ON c.oid = p.polrelid
  UNION ALL
  SELECT DISTINCT 'pg_proc'::regclass::oid, f.oid, 'function ' || f.oid::regprocedure, f.proowner, f.pronamespace, 'function'
  FROM dependent d JOIN pg_proc f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid AND f.prosqlbody IS NOT NULL AND NOT d.by_type
  UNION ALL
  SELECT 'pg_constraint'::regclass::oid, k.oid, 'foreign key ' || quote_ident(k.conname) || ' of table ' || k.conrelid::regclass,
         c.relowner, NULL, 'foreign key'
  FROM rel r JOIN pg_constraint k ON k.contype = 'f' AND (k.confrelid = r.oid OR k.conrelid = r.oid) AND k.conparentid = 0
  JOIN pg_class c ON c.oid = k.conrelid
  UNION ALL
  SELECT 'pg_publication_rel'::regclass::oid, m.oid, 'publication ' || quote_ident(b.pubname), b.pubowner, NULL, 'publication'
  FROM rel r JOIN pg_publication_rel m ON m.prrelid = r.oid JOIN pg_publication b ON b.oid = m.prpubid
),
dependent_text (code, message, remedy) AS (
  VALUES
    ('trigger_elsewhere', 'This trigger of another table refers to %s and would stay with the old table.',
     'Drop the trigger for the time of the run and create it again afterwards.'),
    ('expression_elsewhere', 'Its expression refers to %s and would stay with the old table.',
     'Drop the default, constraint or index for the time of the run and create it again afterwards.'),
    ('function', 'The function is bound to %s (by an argument, a result or a default) and would stay with the old table.',
     'Drop the function for the time of the run and create it again afterwards.'),
    ('row_type_used', 'It is made of %s, and would stay with the old table''s type.',
     'Change it to a type of its own (CREATE TYPE … AS) or drop it for the time of the run.'),
    ('unknown_dependent', 'PostgreSQL records that it depends on %s, and pgmoult does not know how to carry it over.',
     'Drop it for the time of the run and create it again afterwards.')
),
table_kind (code, applies, message, remedy) AS (
  SELECT v.* FROM rel r, LATERAL (VALUES
    ('partitioned_table', r.relkind = 'p', 'It is a partitioned table.',
     'Change its partitions one at a time where the change is of storage, indexes, defaults or constraints of theirs alone; what all '
     || 'of them share (columns, types) waits for a version that can change partitioned tables.'),
    ('partition_being_detached', EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = r.oid
                                           AND to_jsonb(i)->>'inhdetachpending' = 'true'),
     'A DETACH PARTITION … CONCURRENTLY of it has not ended.', 'Let it end, or run ALTER TABLE … DETACH PARTITION … FINALIZE.'),
    ('view_as_table', r.relkind IN ('v', 'm'), 'It is a view or a materialized view, not a table.', 'Change its definition instead.'),
    ('foreign_table', r.relkind = 'f', 'It is a foreign table: its rows are on another server.', 'Change the table over there.'),
    ('not_a_table', r.relkind NOT IN ('r', 'p', 'v', 'm', 'f'), 'It is not a table.', 'Name an ordinary table.'),
    ('temporary_table', r.relpersistence = 't', 'It is a temporary table, which only its own session can see.',
     'Use ALTER TABLE in that session.'),
    ('unlogged_table', r.relpersistence = 'u', 'It is unlogged: a crash would empty it and keep our copy.',
     'Make it logged (ALTER TABLE … SET LOGGED) first, or use ALTER TABLE.'),
    ('typed_table', r.reloftype <> 0, 'It is a typed table, of type ' || format_type(nullif(r.reloftype, 0), NULL) || '.',
     'Make it independent of the type first: ALTER TABLE … NOT OF.'),
    ('system_table', r.oid < 16384 OR r.nspname IN ('pg_catalog', 'pg_toast', 'information_schema'),
     'It belongs to PostgreSQL itself.', 'There is none.'),
    ('own_table', r.nspname = 'pgmoult' OR r.nspname ~ '^pgmoult_.*_(new|old)$', 'It belongs to pgmoult itself.',
     'Name a table of your own.'),
    ('inheritance_child', NOT r.relispartition AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = r.oid),
     'It inherits from ' || (SELECT string_agg(i.inhparent::regclass::text, ', ') FROM pg_inherits i WHERE i.inhrelid = r.oid)
       || '.', 'End the inheritance first (ALTER TABLE … NO INHERIT), or wait for a version that supports it.'),
    ('inheritance_parent', r.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = r.oid),
     'These tables inherit from it: '
       || (SELECT string_agg(i.inhrelid::regclass::text, ', ') FROM pg_inherits i WHERE i.inhparent = r.oid) || '.',
     'End the inheritance first (ALTER TABLE … NO INHERIT), or wait for a version that supports it.'),
    ('forced_row_security', r.relforcerowsecurity
       AND NOT (SELECT o.rolsuper OR o.rolbypassrls FROM pg_roles o WHERE o.rolname = current_user),
     'Row security is forced, so even its owner may not see every row, silently.',
     'ALTER TABLE … NO FORCE ROW LEVEL SECURITY for the time of the run, or run as a role with BYPASSRLS.')
  ) v(code, applies, message, remedy)
),
-- What stands in the table's own definitions: types of columns, and what is called in expressions.
used AS (
  SELECT DISTINCT d.refclassid, d.refobjid, o.classid = 'pg_class'::regclass AND o.objid = r.oid AS by_column,
         -- The default of a column is not evaluated (the copy says each value), nor what rules and policies call.
         NOT EXISTS (SELECT FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
                     WHERE o.classid = 'pg_attrdef'::regclass AND f.oid = o.objid AND a.attgenerated = '')
           AND o.classid NOT IN ('pg_policy'::regclass, 'pg_rewrite'::regclass) AS evaluated
  FROM rel r, own o JOIN pg_depend d ON o.of_table AND d.classid = o.classid AND d.objid = o.objid AND d.deptype IN ('n', 'a')
  WHERE d.refclassid IN ('pg_type'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass, 'pg_collation'::regclass)
),
used_type AS (
  WITH RECURSIVE inner_type AS (
    SELECT u.refobjid AS oid FROM used u WHERE u.refclassid = 'pg_type'::regclass
    UNION
    SELECT v.oid FROM inner_type i JOIN pg_type t ON t.oid = i.oid, unnest(ARRAY[t.typbasetype, t.typelem]) v (oid) WHERE v.oid <> 0
  )
  SELECT oid FROM inner_type
),
called AS (
  SELECT u.refobjid AS oid FROM used u WHERE u.refclassid = 'pg_proc'::regclass AND u.evaluated
  UNION
  SELECT o.oprcode FROM used u JOIN pg_operator o ON u.refclassid = 'pg_operator'::regclass AND u.evaluated AND o.oid = u.refobjid
  UNION
  SELECT p.oid FROM used_type t JOIN pg_constraint k ON k.contypid = t.oid
  JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
  LEFT JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
  JOIN pg_proc p ON p.oid = o.oprcode OR (d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid)
),
used_schema AS (
  SELECT r.relnamespace AS oid, 'the table' AS what FROM rel r
  UNION SELECT t.typnamespace, 'type ' || format_type(t.oid, NULL) FROM used u JOIN pg_type t
          ON u.refclassid = 'pg_type'::regclass AND t.oid = u.refobjid
  UNION SELECT p.pronamespace, 'function ' || p.oid::regprocedure FROM used u JOIN pg_proc p
          ON u.refclassid = 'pg_proc'::regclass AND p.oid = u.refobjid
  UNION SELECT p.oprnamespace, 'operator ' || p.oid::regoperator FROM used u JOIN pg_operator p
          ON u.refclassid = 'pg_operator'::regclass AND p.oid = u.refobjid
  UNION SELECT l.collnamespace, 'collation ' || l.oid::regcollation FROM used u JOIN pg_collation l
          ON u.refclassid = 'pg_collation'::regclass AND l.oid = u.refobjid
),
rights (code, object, applies, message, remedy) AS (
  SELECT v.* FROM rel r,
  LATERAL (SELECT string_agg(p, ', ') AS missing
           FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) p
           WHERE r.relkind IN ('r', 'p') AND NOT has_table_privilege(r.relowner, r.oid, p)) m,
  LATERAL (VALUES
    ('not_owner', 'table ' || r.tab, NOT pg_has_role(current_user, r.relowner, 'USAGE'),
     'The role ' || current_user || ' is neither its owner (' || r.owner_name || ') nor a member of it.',
     'Connect as ' || r.owner_name || ' or as a member of it.'),
    ('owner_lacks_privileges', 'table ' || r.tab, m.missing IS NOT NULL, 'Its owner, ' || r.owner_name || ', has given up these rights on it: '
       || m.missing || '.', 'GRANT ' || m.missing || ' ON ' || r.tab || ' TO ' || quote_ident(r.owner_name) || ';'),
    ('no_create_on_schema', 'schema ' || quote_ident(r.nspname), NOT has_schema_privilege(r.relowner, r.relnamespace, 'CREATE'),
     'Its owner, ' || r.owner_name || ', may not create tables in the schema ' || quote_ident(r.nspname)
       || ', so the new table could not be moved there.',
     'GRANT CREATE ON SCHEMA ' || quote_ident(r.nspname) || ' TO ' || quote_ident(r.owner_name) || ';'),
    ('no_create_on_database', 'database ' || quote_ident(current_database()),
     NOT has_database_privilege(session_user, current_database(), 'CREATE'),
     'The role ' || session_user || ' may not create schemas in this database.',
     format('GRANT CREATE ON DATABASE %I TO %I;', current_database(), session_user))
  ) v(code, object, applies, message, remedy)
  UNION ALL
  SELECT 'no_usage_on_schema', 'schema ' || quote_ident(n.nspname), true,
         format('The owner %s may not use what is in this schema: %s.', r.owner_name, string_agg(s.what, ', ' ORDER BY s.what)),
         format('GRANT USAGE ON SCHEMA %I TO %I;', n.nspname, r.owner_name)
  FROM rel r, used_schema s JOIN pg_namespace n ON n.oid = s.oid
  WHERE NOT has_schema_privilege(r.relowner, n.oid, 'USAGE')
  GROUP BY n.nspname, r.owner_name
  UNION ALL
  SELECT 'no_usage_on_type', 'type ' || format_type(t.oid, NULL), true,
         format('The owner %s may not make a column of this type.', r.owner_name),
         format('GRANT USAGE ON TYPE %s TO %I;', format_type(t.oid, NULL), r.owner_name)
  FROM rel r, used u JOIN pg_type t ON u.refclassid = 'pg_type'::regclass AND u.by_column AND t.oid = u.refobjid
  WHERE NOT has_type_privilege(r.relowner, t.oid, 'USAGE')
  UNION ALL
  SELECT 'no_execute_on_function', 'function ' || c.oid::regprocedure, true,
         format('The owner %s may not call it, and a constraint, an index, a trigger or a generated column of the table does.',
                r.owner_name),
         format('GRANT EXECUTE ON FUNCTION %s TO %I;', c.oid::regprocedure, r.owner_name)
  FROM rel r, called c
  WHERE NOT has_function_privilege(r.relowner, c.oid, 'EXECUTE')
  UNION ALL
  SELECT 'no_create_on_schema', 'schema ' || quote_ident(n.nspname), true,
         format('The owner %s may not create anything there, so statistics of the new table could not be moved there: %s.',
                r.owner_name, string_agg(quote_ident(s.stxname), ', ' ORDER BY s.stxname)),
         format('GRANT CREATE ON SCHEMA %I TO %I;', n.nspname, r.owner_name)
  FROM rel r JOIN pg_statistic_ext s ON s.stxrelid = r.oid AND s.stxnamespace <> r.relnamespace
  JOIN pg_namespace n ON n.oid = s.stxnamespace
  WHERE NOT has_schema_privilege(r.relowner, n.oid, 'CREATE')
  GROUP BY n.nspname, r.owner_name
  UNION ALL
  SELECT 'no_usage_on_language', 'language plpgsql', true,
         format('The role %s may not write functions in it, as those of the triggers and of the journal are.', w.name),
         format('GRANT USAGE ON LANGUAGE plpgsql TO %I;', w.name)
  FROM rel r, LATERAL (SELECT r.owner_name AS name UNION SELECT session_user::text) w
  WHERE NOT has_language_privilege(w.name, 'plpgsql', 'USAGE')
),
-- The partitioned tables that it is a partition of, and their indexes.
ancestor AS (
  SELECT a.relid::oid AS oid, a.relid::text AS name, c.relowner, a.pos, c.relnamespace
  FROM rel r, LATERAL pg_partition_ancestors(r.oid) WITH ORDINALITY a(relid, pos) JOIN pg_class c ON c.oid = a.relid
  WHERE r.relispartition AND a.relid <> r.oid
),
partition_index AS (
  SELECT x.indexrelid, x.indrelid, x.indrelid = r.oid AS own, i.inhparent,
         -- Texts that are equal for indexes which ATTACH PARTITION takes for one another, whatever their order (DESC, NULLS
         -- FIRST). It takes no index without a constraint for one with it. Columns go by name.
         k.oid IS NOT NULL AS is_key,
         concat_ws('; ', am.amname, x.indisunique, x.indisexclusion, x.indcollation, x.indnkeyatts, to_jsonb(x)->>'indnullsnotdistinct',
                   (SELECT string_agg(oc.opcfamily::text, ',' ORDER BY cl.pos)
                    FROM unnest(x.indclass::oid[]) WITH ORDINALITY cl(oid, pos) JOIN pg_opclass oc ON oc.oid = cl.oid), pg_get_expr(x.indpred, x.indrelid), pg_get_expr(x.indexprs, x.indrelid),
                   (SELECT string_agg(coalesce(quote_ident(a.attname), '()'), ',' ORDER BY key.pos)
                    FROM unnest(x.indkey::int2[]) WITH ORDINALITY key(attnum, pos)
                    LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = key.attnum AND key.attnum <> 0)) AS text
  FROM rel r JOIN pg_index x ON x.indrelid = r.oid OR x.indrelid = (SELECT a.oid FROM ancestor a ORDER BY a.pos LIMIT 1)
  JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_am am ON am.oid = c.relam
  LEFT JOIN pg_inherits i ON i.inhrelid = x.indexrelid
  LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')
  WHERE r.relispartition
),
finding (severity, code, object, message, remedy) AS (
  SELECT 'refuse', 'partition_owner', 'partitioned table ' || a.name,
         format('It belongs to %s, and the exchange of one of its partitions has to be done for that role; the login %s is not a '
                'member of it.', pg_get_userbyid(a.relowner), session_user),
         format('GRANT %I TO %I;', pg_get_userbyid(a.relowner), session_user)
  FROM rel r, ancestor a
  WHERE NOT pg_has_role(session_user, a.relowner, CASE WHEN r.version >= 160000 THEN 'SET' ELSE 'MEMBER' END)
  UNION ALL
  SELECT 'refuse', 'partition_owner', 'partitioned table ' || a.name,
         format('It belongs to %s, the partition to %s: no role that the login %s may act as can both detach the old table and attach '
                'the new one.', pg_get_userbyid(a.relowner), r.owner_name, session_user),
         format('GRANT %I TO %I; (and USAGE on both schemas)', pg_get_userbyid(a.relowner), r.owner_name)
  FROM rel r, (SELECT * FROM ancestor ORDER BY pos LIMIT 1) a
  WHERE pg_has_role(session_user, a.relowner, CASE WHEN r.version >= 160000 THEN 'SET' ELSE 'MEMBER' END)
    AND NOT EXISTS (SELECT FROM unnest(ARRAY[r.relowner, a.relowner, (SELECT oid FROM pg_roles WHERE rolname = session_user)]) w(role)
                    WHERE pg_has_role(w.role, r.relowner, 'USAGE') AND pg_has_role(w.role, a.relowner, 'USAGE')
                      AND has_schema_privilege(w.role, r.relnamespace, 'USAGE')
                      AND has_schema_privilege(w.role, a.relnamespace, 'USAGE'))
  UNION ALL
  SELECT DISTINCT 'refuse', 'partition_foreign_key', 'foreign key ' || quote_ident(k.conname) || ' of table ' || k.conrelid::regclass,
         'It belongs to the partitioned table, and all rows would have to be checked under the lock when the new partition is attached.',
         'Drop it for the time of the run and add it again afterwards.'
  FROM rel r, ancestor a JOIN pg_constraint k ON k.contype = 'f' AND (k.conrelid = a.oid OR k.confrelid = a.oid) AND k.conparentid = 0
  UNION ALL
  SELECT 'refuse', 'partition_index_missing', 'index ' || x.indexrelid::regclass,
         format('It is an index of the partitioned table, and no index of %s is attached to it: attaching the new partition would build '
                'one under the lock.', r.tab),
         format('CREATE INDEX CONCURRENTLY the same on %s, and attach it: ALTER INDEX %s ATTACH PARTITION ….', r.tab,
                x.indexrelid::regclass)
  FROM rel r, partition_index x
  WHERE NOT x.own AND NOT EXISTS (SELECT FROM partition_index o WHERE o.own AND o.inhparent = x.indexrelid)
  UNION ALL
  SELECT 'refuse', 'partition_index_twice', 'index ' || o.indexrelid::regclass,
         format('ATTACH PARTITION may take it for %s, which is a part of the partitioned table''s index %s, also where the two differ in '
                'DESC or NULLS FIRST: it is not sure which of them would be attached in the end.', x.indexrelid::regclass,
                x.inhparent::regclass),
         'Drop it for the time of the run and create it again afterwards.'
  FROM partition_index x JOIN partition_index o ON x.own AND o.own AND x.inhparent IS NOT NULL AND o.text = x.text
                                               AND o.indexrelid <> x.indexrelid
                                               AND (o.is_key OR NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.inhparent))
  UNION ALL
  SELECT 'refuse', k.code, 'table ' || r.tab, k.message, k.remedy FROM rel r, table_kind k WHERE k.applies
  UNION ALL
  SELECT 'refuse', k.code, k.object, k.message, k.remedy FROM rights k WHERE k.applies
  UNION ALL
  SELECT 'refuse', 'no_such_table', 'OID ' || $1::oid, 'There is no such table (any more).', 'Look up the table again.'
  WHERE NOT EXISTS (SELECT FROM rel)
  UNION ALL
  SELECT 'refuse', 'no_create_on_tablespace', 'tablespace ' || quote_ident(ts.spcname),
         'The owner ' || r.owner_name || ' may not create anything there, but the table or one of its indexes lives there.',
         format('GRANT CREATE ON TABLESPACE %I TO %I;', ts.spcname, r.owner_name)
  FROM rel r JOIN pg_tablespace ts ON ts.oid = r.reltablespace
       OR ts.oid IN (SELECT i.reltablespace FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = r.oid)
  WHERE NOT has_tablespace_privilege(r.relowner, ts.oid, 'CREATE')
  UNION ALL
  SELECT DISTINCT 'refuse', 'foreign_grantor', 'role ' || quote_ident(pg_get_userbyid(x.grantor)),
         'Privileges on the table, its columns or a materialized view on it were granted by this role, not by the owner, and only it '
         'can grant them again.',
         format('Make the login a member of it (GRANT %I TO %I), or have these grants made by the owner instead.',
                pg_get_userbyid(x.grantor), session_user)
  FROM rel r, moved m JOIN pg_class c ON c.oid = m.oid LEFT JOIN pg_type t ON t.oid = c.reltype,
       LATERAL (SELECT c.relacl AS acl UNION ALL SELECT t.typacl
                UNION ALL SELECT a.attacl FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                UNION ALL SELECT s.relacl FROM owned_sequence o JOIN pg_class s ON s.oid = o.oid
                          WHERE o.deptype = 'i' AND c.oid = r.oid) l,
       aclexplode(l.acl) x
  WHERE x.grantor <> c.relowner
    AND NOT pg_has_role(session_user, x.grantor, CASE WHEN r.version >= 160000 THEN 'SET' ELSE 'MEMBER' END)
  UNION ALL
  SELECT 'refuse', CASE c.kind WHEN 'publication' THEN 'publication_owner' ELSE 'dependent_owner' END, c.name,
         format('It belongs to %s, and only that role can make it again for the new table; the login %s is not a member of it.',
                pg_get_userbyid(c.owner), session_user),
         format('GRANT %I TO %I%s;', pg_get_userbyid(c.owner), session_user,
                CASE c.kind WHEN 'publication' THEN format(', or ALTER %s OWNER TO %I', replace(c.name, 'publication ', 'PUBLICATION '),
                                                           r.owner_name) ELSE '' END)
  FROM rel r, carried c
  WHERE c.owner <> r.relowner
    AND NOT pg_has_role(session_user, c.owner, CASE WHEN r.version >= 160000 THEN 'SET' ELSE 'MEMBER' END)
  UNION ALL
  SELECT 'refuse', 'publication_owner', c.name,
         format('It belongs to %s, who may not add the new table to it: that takes a member of the table''s owner, %s.',
                pg_get_userbyid(c.owner), r.owner_name),
         format('ALTER %s OWNER TO %I, or GRANT %I TO %I;', replace(c.name, 'publication ', 'PUBLICATION '), r.owner_name, r.owner_name,
                pg_get_userbyid(c.owner))
  FROM rel r, carried c
  WHERE c.kind = 'publication' AND NOT pg_has_role(c.owner, r.relowner, 'USAGE')
  UNION ALL
  SELECT 'refuse', 'dependent_rights', c.name,
         format('Its owner, %s, may not create anything in the schema %s, which replacing it takes.', pg_get_userbyid(c.owner),
                c.schema::regnamespace),
         format('GRANT CREATE ON SCHEMA %s TO %I;', c.schema::regnamespace, pg_get_userbyid(c.owner))
  FROM carried c
  WHERE c.schema::regnamespace::text NOT LIKE 'pg\_temp\_%' AND NOT has_schema_privilege(c.owner, c.schema, 'CREATE')
  UNION ALL
  SELECT 'refuse', 'temporary_dependent', c.name, 'It is a temporary object of another session, which nobody else can change.',
         'End that session, or let it drop the object.'
  FROM carried c JOIN pg_namespace n ON n.oid = c.schema AND n.nspname LIKE 'pg\_temp\_%'
  UNION ALL
  SELECT 'refuse', 'materialized_view', c.name,
         'It would have to be made anew beside the new table, where the name is taken by ' || o.oid::regclass || '.',
         'Rename one of them for the time of the run.'
  FROM carried c JOIN moved m ON c.kind = 'materialized view' AND m.oid = c.oid
  JOIN moved o ON o.relname = m.relname AND o.oid < m.oid
  UNION ALL
  SELECT 'refuse', 'extension_member', c.name, 'It belongs to the extension ' || quote_ident(e.extname) || ', and has to be made anew.',
         format('ALTER EXTENSION %I DROP MATERIALIZED VIEW %s;', e.extname, c.oid::regclass)
  FROM carried c JOIN pg_depend d ON c.kind = 'materialized view' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
                                 AND d.objsubid = 0 AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid
  UNION ALL
  SELECT 'refuse', 'no_references', c.name,
         format('Its table''s owner, %s, may not make foreign keys to %s any more, so it could not be made again.',
                pg_get_userbyid(c.owner), k.confrelid::regclass),
         format('GRANT REFERENCES ON %s TO %I;', k.confrelid::regclass, pg_get_userbyid(c.owner))
  FROM carried c JOIN pg_constraint k ON c.kind = 'foreign key' AND k.oid = c.oid
  WHERE NOT has_table_privilege(c.owner, k.confrelid, 'REFERENCES')
    AND EXISTS (SELECT FROM unnest(k.confkey) a(attnum) WHERE NOT has_column_privilege(c.owner, k.confrelid, a.attnum, 'REFERENCES'))
  UNION ALL
  SELECT 'refuse', 'foreign_key_disabled', c.name, 'It is not enforced as usual: somebody has disabled its triggers.',
         format('ALTER TABLE %s ENABLE TRIGGER ALL; (as a superuser, on both tables of the key)', k.conrelid::regclass)
  FROM carried c JOIN pg_constraint k ON c.kind = 'foreign key' AND k.oid = c.oid
  WHERE EXISTS (SELECT FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgenabled <> 'O')
  UNION ALL
  SELECT DISTINCT 'refuse', 'forced_row_security', 'table ' || f.oid::regclass,
         'Row security is forced, so ' || pg_get_userbyid(c.owner) || ' may not see every row, and could not validate the '
         || c.name || ' after the swap.',
         'ALTER TABLE … NO FORCE ROW LEVEL SECURITY for the time of the run, or give the role BYPASSRLS.'
  FROM rel r, carried c JOIN pg_constraint k ON c.kind = 'foreign key' AND k.oid = c.oid AND k.convalidated
  JOIN pg_roles o ON o.oid = c.owner AND NOT (o.rolsuper OR o.rolbypassrls)
  JOIN pg_class f ON f.oid IN (k.conrelid, k.confrelid) AND f.relrowsecurity AND f.relforcerowsecurity
                 AND pg_has_role(c.owner, f.relowner, 'USAGE')
  WHERE f.oid <> r.oid OR c.owner <> r.relowner
  UNION ALL
  SELECT DISTINCT 'refuse', 'row_security_of_materialized_view', c.name,
         'Its owner, ' || pg_get_userbyid(c.owner) || ', is subject to the row security of ' || f.oid::regclass
         || ', so it could not be populated anew as it is.',
         'Drop it for the time of the run, or give its owner BYPASSRLS.'
  FROM carried c JOIN pg_rewrite w ON c.kind = 'materialized view' AND w.ev_class = c.oid
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class f ON f.oid = d.refobjid AND f.relrowsecurity
  JOIN pg_roles o ON o.oid = c.owner AND NOT (o.rolsuper OR o.rolbypassrls)
  WHERE f.relforcerowsecurity OR NOT pg_has_role(c.owner, f.relowner, 'USAGE')
  UNION ALL
  -- A cast from a type of theirs, for one, is called when the key is validated.
  SELECT 'refuse', 'superuser_runs_owner_code', c.name,
         format('Validating it runs code of %s, the owner of its table, in sessions of the superuser %s.',
                pg_get_userbyid(c.owner), session_user),
         'Connect as the owner of the table that is changed, or say --trust-owner if the functions of both are trusted.'
  FROM rel r, carried c JOIN pg_constraint k ON c.kind = 'foreign key' AND k.oid = c.oid AND k.convalidated
  JOIN pg_roles o ON o.oid = c.owner AND NOT o.rolsuper
  WHERE c.owner <> r.relowner AND (SELECT l.rolsuper FROM pg_roles l WHERE l.rolname = session_user)
  UNION ALL
  SELECT 'refuse', 'foreign_key_not_valid', c.name,
         format('It is a foreign key of a partitioned table, and %s.', e.is),
         CASE WHEN e.enforced THEN format('ALTER TABLE %s VALIDATE CONSTRAINT %I;', k.conrelid::regclass, k.conname)
              ELSE 'Drop it for the time of the run and add it again afterwards.' END
  FROM carried c JOIN pg_constraint k ON c.kind = 'foreign key' AND k.oid = c.oid AND NOT k.convalidated
  JOIN pg_class p ON p.oid = k.conrelid AND p.relkind = 'p',
       LATERAL (SELECT coalesce(to_jsonb(k)->>'conenforced', 'true') = 'true' AS enforced) x,
       LATERAL (SELECT x.enforced, CASE WHEN x.enforced THEN 'NOT VALID: which of its parts are valid is not carried over yet'
                                        ELSE 'NOT ENFORCED, which is not carried over yet' END AS is) e
  UNION ALL
  SELECT DISTINCT 'refuse', 'foreign_key_twice', c.name,
         format('Its part at the partition %s has an equal, %I: which of them would be the part in the end is not sure.', t.relid, b.conname),
         'Drop one of the two for the time of the run and add it again afterwards.'
  FROM carried c JOIN pg_constraint k ON c.kind = 'foreign key' AND k.oid = c.oid, LATERAL pg_partition_tree(k.conrelid) t
  JOIN pg_constraint a ON a.contype = 'f' AND a.conrelid = t.relid AND a.conparentid <> 0
  JOIN pg_constraint b ON b.contype = 'f' AND b.conrelid = t.relid AND b.confrelid = a.confrelid AND b.oid <> a.oid
                      AND (b.conkey, b.confkey, b.condeferrable, b.condeferred, b.confupdtype, b.confdeltype, b.confmatchtype)
                          = (a.conkey, a.confkey, a.condeferrable, a.condeferred, a.confupdtype, a.confdeltype, a.confmatchtype)
  WHERE k.confrelid = $1::oid AND a.confrelid = k.confrelid AND a.confkey = k.confkey
  UNION ALL
  -- PostgreSQL takes the one with the smallest OID; the key of the copy is built first, and that is the primary key.
  SELECT 'refuse', 'foreign_key_two_indexes', c.name,
         format('The unique indexes %s and %s both serve it: which of them it would need in the end is not sure.',
                x.indexrelid::regclass, min(y.indexrelid::regclass::text)),
         'Drop the other one for the time of the run and create it again afterwards.'
  FROM carried c JOIN pg_constraint k ON c.kind = 'foreign key' AND k.oid = c.oid AND k.confrelid = $1::oid
  JOIN pg_index x ON x.indexrelid = k.conindid AND NOT x.indisprimary
  JOIN pg_index y ON y.indrelid = x.indrelid AND y.indexrelid <> x.indexrelid AND y.indisunique AND y.indimmediate
                 AND y.indpred IS NULL AND y.indexprs IS NULL
  WHERE ARRAY(SELECT y.indkey[i] FROM generate_series(0, y.indnkeyatts - 1) i ORDER BY 1)
        = ARRAY(SELECT f FROM unnest(k.confkey) f ORDER BY 1)
  GROUP BY c.name, x.indexrelid
  UNION ALL
  SELECT 'refuse', 'foreign_key_period', c.name, 'It is a temporal foreign key (PERIOD), which is not carried over yet.',
         'Drop it for the time of the run and add it again afterwards.'
  FROM carried c JOIN pg_constraint k ON c.kind = 'foreign key' AND k.oid = c.oid
  WHERE to_jsonb(k)->>'conperiod' = 'true'
  UNION ALL
  SELECT DISTINCT 'refuse', 'dependent_owner', c.name,
         format('The partition %s belongs to another role (%s) than the partitioned table.', t.relid, pg_get_userbyid(p.relowner)),
         format('ALTER TABLE %s OWNER TO %I;', t.relid, pg_get_userbyid(c.owner))
  FROM carried c JOIN pg_constraint k ON c.kind = 'foreign key' AND k.oid = c.oid,
       LATERAL pg_partition_tree(k.conrelid) t JOIN pg_class p ON p.oid = t.relid
  WHERE p.relowner <> c.owner
  UNION ALL
  SELECT 'refuse', 'publication_all_tables', 'publication ' || quote_ident(b.pubname),
         'It is FOR ALL TABLES: our new table and change log would be published too, and subscribers that lack them stop.',
         'Give --allow-publish-all if no subscriber minds, or list the tables in the publication.'
  FROM pg_publication b WHERE b.puballtables AND NOT $2::boolean
  UNION ALL
  SELECT 'refuse', 'subscription', 'subscription ' || coalesce(quote_ident(s.subname), u.srsubid::text),
         'It writes into the table, and its worker would go on with the old table after the exchange of names, losing changes.',
         'Take the table out of the subscription for the time of the run.'
  FROM rel r JOIN pg_subscription_rel u ON u.srrelid = r.oid LEFT JOIN pg_subscription s ON s.oid = u.srsubid
  UNION ALL
  SELECT 'refuse', 'extension_member', 'extension ' || quote_ident(e.extname),
         'The table belongs to this extension.', 'Change it through the extension''s own update script.'
  FROM rel r JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0
                             AND d.refclassid = 'pg_extension'::regclass
  JOIN pg_extension e ON e.oid = d.refobjid
  UNION ALL
  SELECT 'refuse', 'depends_on_extension', i.type || ' ' || i.identity,
         'It is marked as depending on the extension ' || quote_ident(e.extname) || ', which is not carried over.',
         format('ALTER %s … NO DEPENDS ON EXTENSION %I for the time of the run.', upper(i.type), e.extname)
  FROM (SELECT o.classid, o.objid FROM own o UNION SELECT c.classid, c.oid FROM carried c) o
  JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.objid AND d.deptype = 'x'
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid, pg_identify_object(d.classid, d.objid, 0) i
  UNION ALL
  SELECT DISTINCT 'refuse', 'security_label', concat('table ', r.tab, ' column ' || quote_ident(a.attname)),
         'It has a security label of the provider ' || l.provider || ', which is not carried over yet.',
         'Remove the label for the time of the run: SECURITY LABEL … IS NULL.'
  FROM rel r JOIN pg_seclabel l ON l.classoid = 'pg_class'::regclass AND l.objoid = r.oid
  LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = l.objsubid AND l.objsubid > 0
  UNION ALL
  SELECT 'refuse', 'invalid_index', 'index ' || x.indexrelid::regclass,
         'It is not valid: a CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY failed or is still at work.',
         'Wait for it to end, or drop the index or REINDEX it.'
  FROM rel r JOIN pg_index x ON x.indrelid = r.oid WHERE NOT (x.indisvalid AND x.indisready AND x.indislive)
  UNION ALL
  SELECT 'refuse', 'statistics_owner', 'statistics ' || quote_ident(sn.nspname) || '.' || quote_ident(s.stxname),
         'They belong to ' || pg_get_userbyid(s.stxowner) || ', not to the table''s owner ' || r.owner_name || '.',
         format('ALTER STATISTICS %I.%I OWNER TO %I;', sn.nspname, s.stxname, r.owner_name)
  FROM rel r JOIN pg_statistic_ext s ON s.stxrelid = r.oid JOIN pg_namespace sn ON sn.oid = s.stxnamespace
  WHERE s.stxowner <> r.relowner
  UNION ALL
  SELECT 'refuse', 'statistics_same_name', 'statistics ' || string_agg(quote_ident(sn.nspname) || '.' || quote_ident(s.stxname), ', '),
         'They have the same name in different schemas, and would meet in one schema while the new table is built.',
         'Rename one of them: ALTER STATISTICS … RENAME TO ….'
  FROM rel r JOIN pg_statistic_ext s ON s.stxrelid = r.oid JOIN pg_namespace sn ON sn.oid = s.stxnamespace
  GROUP BY s.stxname HAVING count(*) > 1
  UNION ALL
  -- LIKE cannot copy a whole-row reference, which the tree shows as column number 0.
  SELECT 'refuse', 'whole_row_check', 'constraint ' || quote_ident(k.conname) || ' of table ' || r.tab,
         'It refers to the row as a whole, which cannot be copied to a table of another type.',
         'Drop the constraint for the time of the run, or name the columns in it.'
  FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype = 'c' AND k.conbin::text LIKE '%:varattno 0 %'
  UNION ALL
  SELECT DISTINCT 'refuse', 'self_reference', i.type || ' ' || i.identity,
         'Its expression names the table itself as a constant (as ''' || r.tab || '''::regclass does), and would keep meaning the '
         'old table.', 'Drop it for the time of the run and create it again afterwards.'
  FROM rel r JOIN pg_depend d ON d.refobjid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid = 0
                             AND d.deptype = 'n'
  JOIN own o ON o.classid = d.classid AND o.objid = d.objid
            AND o.classid NOT IN ('pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_rewrite'::regclass),
       pg_identify_object(d.classid, d.objid, 0) i
  UNION ALL
  SELECT DISTINCT 'refuse', c.code,
         CASE WHEN c.ev_class IS NULL THEN c.name
              ELSE CASE c.ev_relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' ELSE 'relation ' END
                   || c.ev_class::regclass END,
         format(t.message, c.what), t.remedy
  FROM classified c JOIN dependent_text t ON t.code = c.code
  UNION ALL
  SELECT 'refuse', 'unknown_shared_dependency', coalesce('role ' || quote_ident(ro.rolname), s.refclassid::regclass::text),
         'pg_shdepend holds an entry of kind ' || s.deptype::text || ' between it and the table that pgmoult does not know.',
         'Tell the authors of pgmoult.'
  FROM rel r JOIN pg_shdepend s ON s.classid = 'pg_class'::regclass AND s.objid = r.oid
   AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  LEFT JOIN pg_roles ro ON s.refclassid = 'pg_authid'::regclass AND ro.oid = s.refobjid
  WHERE s.deptype NOT IN ('o', 'a', 't', 'i')  -- i: initial privileges, of extension members only
  UNION ALL
  SELECT 'warn', 'temp_file_limit', t.object,
         'temp_file_limit is set (' || t.value || '): a bulk statement whose rows exceed it would fail while changes are captured.',
         'Lift the limit for the time of the run, or give --capture=row.'
  FROM (SELECT 'the server' AS object, concat(setting, unit) AS value
        FROM pg_settings
        WHERE name = 'temp_file_limit' AND setting <> '-1' AND source NOT IN ('database', 'user', 'database user')
        UNION ALL
        SELECT concat_ws(' in ', 'role ' || quote_ident(o.rolname), 'database ' || quote_ident(d.datname)),
               substr(c, length('temp_file_limit=') + 1)
        FROM pg_db_role_setting s LEFT JOIN pg_roles o ON o.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase,
             unnest(s.setconfig) c
        WHERE c LIKE 'temp\_file\_limit=%' AND c <> 'temp_file_limit=-1'
          AND (s.setdatabase = 0 OR d.datname = current_database())) t
  UNION ALL
  SELECT DISTINCT 'warn', 'prepared_transaction', 'prepared transaction ' || coalesce(quote_literal(p.gid), l.virtualtransaction),
         'It holds a lock on the table, and no exclusive lock can be had before it ends.',
         'COMMIT PREPARED or ROLLBACK PREPARED ' || coalesce(quote_literal(p.gid), 'it') || '.'
  -- Locks of a prepared transaction have no pid; its lock on its own transaction id leads to its name.
  FROM rel r JOIN pg_locks l ON l.locktype = 'relation' AND l.relation = r.oid AND l.pid IS NULL
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  LEFT JOIN pg_locks tl ON tl.locktype = 'transactionid' AND tl.pid IS NULL AND tl.virtualtransaction = l.virtualtransaction
  LEFT JOIN pg_prepared_xacts p ON p.transaction = tl.transactionid
  UNION ALL
  SELECT 'warn', 'long_transaction', 'session ' || a.pid,
         concat('Its transaction has been open for ', date_trunc('second', clock_timestamp() - a.xact_start), ' (role ',
                coalesce(a.usename, 'unknown'), ', application ' || quote_literal(nullif(a.application_name, '')), ', ',
                coalesce(a.state, a.backend_type), '); preparation and cutover may have to wait for it.'),
         'Let it end, or end it: SELECT pg_terminate_backend(' || a.pid || ');'
  FROM pg_stat_activity a
  WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.leader_pid IS NULL
    AND a.xact_start < clock_timestamp() - interval '1 minute'
  UNION ALL
  SELECT 'note', 'event_trigger', 'event trigger ' || quote_ident(e.evtname),
         'It runs on ' || e.evtevent || ', so also on statements of ours.', 'Make sure that it lets them pass.'
  FROM pg_event_trigger e WHERE e.evtenabled <> 'D' AND e.evtevent <> 'login'
  UNION ALL
  SELECT 'note', 'logical_slot', 'replication slot ' || quote_ident(s.slot_name),
         'It decodes this database, so it has to read all that we write (unless its plugin filters, as publications do).',
         'Make sure that its reader keeps up and leaves out the schemas pgmoult*.'
  FROM pg_replication_slots s WHERE s.slot_type = 'logical' AND s.database = current_database()
)
SELECT severity, code, object, message, remedy
FROM finding
ORDER BY array_position(ARRAY['refuse', 'warn', 'note'], severity), code COLLATE "C", object COLLATE "C"
