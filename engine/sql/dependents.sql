-- What stands in the way of changing the table $1 (an OID), one finding a row: severity ('refuse', 'warn', 'note'), code, object,
-- message, remedy. $2 (boolean): members of FOR ALL TABLES publications are allowed.
-- To be run as the role that will do the work (current_user, the table's owner or a member of it), search_path = pg_catalog.
-- Kinds of dependents that are carried over (indexes, CHECK, PRIMARY KEY, UNIQUE, exclusion and NOT NULL constraints, defaults,
-- owned sequences, extended statistics, TOAST) are listed in "own"; whatever else pg_depend knows is refused, if need be as
-- unknown_dependent.
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
-- The things by which others may refer to the table.
referred (classid, objid, what) AS (
  SELECT 'pg_class'::regclass::oid, r.oid, 'the table' FROM rel r
  UNION ALL SELECT 'pg_type'::regclass::oid, r.reltype, 'its row type' FROM rel r WHERE r.reltype <> 0
  UNION ALL SELECT 'pg_type'::regclass::oid, r.typarray, 'its array type' FROM rel r WHERE r.typarray <> 0
  UNION ALL SELECT 'pg_class'::regclass::oid, x.indexrelid, 'its index ' || x.indexrelid::regclass
            FROM rel r JOIN pg_index x ON x.indrelid = r.oid
  UNION ALL SELECT 'pg_constraint'::regclass::oid, k.oid, 'its constraint ' || quote_ident(k.conname)
            FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid
  UNION ALL SELECT 'pg_class'::regclass::oid, s.oid, 'its identity sequence ' || s.oid::regclass
            FROM owned_sequence s WHERE s.deptype = 'i'
),
own (classid, objid) AS (
  SELECT classid, objid FROM referred
  UNION ALL SELECT 'pg_class'::regclass::oid, r.reltoastrelid FROM rel r
  UNION ALL SELECT 'pg_class'::regclass::oid, s.oid FROM owned_sequence s
  UNION ALL SELECT 'pg_attrdef'::regclass::oid, a.oid FROM rel r JOIN pg_attrdef a ON a.adrelid = r.oid
  UNION ALL SELECT 'pg_statistic_ext'::regclass::oid, s.oid FROM rel r JOIN pg_statistic_ext s ON s.stxrelid = r.oid
  UNION ALL SELECT 'pg_trigger'::regclass::oid, g.oid FROM rel r JOIN pg_trigger g ON g.tgrelid = r.oid
            WHERE g.tgisinternal OR g.tgname LIKE 'pgmoult\_%'
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
           WHEN d.classid = 'pg_rewrite'::regclass THEN
             CASE WHEN w.ev_class = r.oid THEN NULL WHEN wc.relkind = 'v' THEN 'view'
                  WHEN wc.relkind = 'm' THEN 'materialized_view' ELSE 'rule_elsewhere' END
           WHEN d.classid = 'pg_constraint'::regclass THEN CASE WHEN k.contype <> 'f' THEN 'expression_elsewhere' END
           WHEN d.classid = 'pg_trigger'::regclass THEN
             CASE WHEN NOT g.tgisinternal AND g.tgrelid <> r.oid THEN 'trigger_elsewhere' END
           WHEN d.classid = 'pg_policy'::regclass THEN CASE WHEN p.polrelid <> r.oid THEN 'policy_elsewhere' END
           WHEN d.classid = 'pg_publication_rel'::regclass THEN NULL
           WHEN d.classid = 'pg_attrdef'::regclass THEN 'expression_elsewhere'
           WHEN d.classid = 'pg_proc'::regclass THEN 'function'
           WHEN d.classid = 'pg_type'::regclass THEN 'row_type_used'
           WHEN d.classid = 'pg_class'::regclass AND h.inhrelid IS NOT NULL AND NOT d.by_type THEN NULL
           WHEN d.classid = 'pg_class'::regclass AND d.by_type THEN
             CASE WHEN NOT EXISTS (SELECT FROM dependent e JOIN pg_rewrite ew ON ew.oid = e.objid
                                   WHERE e.classid = 'pg_rewrite'::regclass AND ew.ev_class = d.objid) THEN 'row_type_used' END
           WHEN d.classid = 'pg_class'::regclass AND c.relkind IN ('i', 'I') THEN 'expression_elsewhere'
           ELSE 'unknown_dependent'
         END AS code
  FROM rel r, dependent d
  LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
  LEFT JOIN pg_class wc ON wc.oid = w.ev_class
  LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
  LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
  LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
  LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
  LEFT JOIN pg_inherits h ON h.inhrelid = c.oid AND h.inhparent = $1::oid
  LEFT JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i ON true
),
dependent_text (code, message, remedy) AS (
  VALUES
    ('view', 'The view reads %s; after the exchange of names it would go on reading the old table.',
     'Drop the view for the time of the run and create it again afterwards, or wait for a version that carries it over.'),
    ('materialized_view', 'The materialized view reads %s; after the exchange of names it would go on reading the old table.',
     'Drop it for the time of the run and create it again afterwards, or wait for a version that carries it over.'),
    ('rule_elsewhere', 'A rule of this relation refers to %s and would go on using the old table.',
     'Drop the rule for the time of the run and create it again afterwards.'),
    ('trigger_elsewhere', 'This trigger of another table refers to %s and would stay with the old table.',
     'Drop the trigger for the time of the run and create it again afterwards.'),
    ('policy_elsewhere', 'This policy of another table refers to %s and would go on reading the old table.',
     'Drop the policy for the time of the run and create it again afterwards.'),
    ('expression_elsewhere', 'Its expression refers to %s and would stay with the old table.',
     'Drop the default, constraint or index for the time of the run and create it again afterwards.'),
    ('function', 'The function is bound to %s (by a BEGIN ATOMIC body or an argument or result type) and would stay with the old table.',
     'Drop the function for the time of the run and create it again afterwards, or write its body as a string literal.'),
    ('row_type_used', 'It is made of %s, and would stay with the old table''s type.',
     'Change it to a type of its own (CREATE TYPE … AS) or drop it for the time of the run.'),
    ('unknown_dependent', 'PostgreSQL records that it depends on %s, and pgmoult does not know how to carry it over.',
     'Drop it for the time of the run and create it again afterwards.')
),
table_kind (code, applies, message, remedy) AS (
  SELECT v.* FROM rel r, LATERAL (VALUES
    ('partitioned_table', r.relkind = 'p', 'It is a partitioned table.', 'Wait for a version that can change partitioned tables.'),
    ('partition', r.relispartition, 'It is a partition of '
       || (SELECT i.inhparent::regclass FROM pg_inherits i WHERE i.inhrelid = r.oid LIMIT 1) || '.',
     'Detach the partition for the time of the run, or wait for a version that can change partitions.'),
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
         -- The default of a column is not evaluated: the copy says each value.
         NOT EXISTS (SELECT FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
                     WHERE o.classid = 'pg_attrdef'::regclass AND f.oid = o.objid AND a.attgenerated = '') AS evaluated
  FROM rel r, own o JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.objid AND d.deptype IN ('n', 'a')
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
         format('The owner %s may not call it, and a constraint, an index or a generated column of the table does.', r.owner_name),
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
finding (severity, code, object, message, remedy) AS (
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
         'Privileges on the table or its columns were granted by this role, not by the owner, and only it can grant them again.',
         format('Make the login a member of it (GRANT %I TO %I), or have these grants made by the owner instead.',
                pg_get_userbyid(x.grantor), session_user)
  FROM rel r,
       LATERAL (SELECT r.relacl AS acl
                UNION ALL SELECT a.attacl FROM pg_attribute a WHERE a.attrelid = r.oid AND NOT a.attisdropped
                UNION ALL SELECT s.relacl FROM owned_sequence o JOIN pg_class s ON s.oid = o.oid WHERE o.deptype = 'i') l,
       aclexplode(l.acl) x
  WHERE x.grantor <> r.relowner
    AND NOT pg_has_role(session_user, x.grantor, CASE WHEN r.version >= 160000 THEN 'SET' ELSE 'MEMBER' END)
  UNION ALL
  SELECT 'refuse', CASE WHEN k.conrelid = k.confrelid THEN 'foreign_key_self' WHEN k.conrelid = r.oid THEN 'foreign_key_out'
                        ELSE 'foreign_key_in' END,
         'foreign key ' || quote_ident(k.conname) || ' of table ' || k.conrelid::regclass,
         'It references ' || k.confrelid::regclass || ', and foreign keys are not carried over to the new table yet.',
         'Drop the foreign key for the time of the run and add it again afterwards (NOT VALID, then VALIDATE), or wait for a '
         'version that carries it over.'
  FROM rel r JOIN pg_constraint k ON k.contype = 'f' AND (k.conrelid = r.oid OR k.confrelid = r.oid)
  WHERE k.conparentid = 0
  UNION ALL
  SELECT 'refuse', 'trigger', 'trigger ' || quote_ident(g.tgname) || ' on table ' || r.tab,
         'Triggers are not carried over to the new table yet.',
         'Drop the trigger for the time of the run and create it again afterwards, or wait for a version that carries it over.'
  FROM rel r JOIN pg_trigger g ON g.tgrelid = r.oid AND NOT g.tgisinternal AND g.tgname NOT LIKE 'pgmoult\_%'
  UNION ALL
  SELECT 'refuse', 'rule', 'rule ' || quote_ident(w.rulename) || ' on table ' || r.tab,
         'Rules are not carried over to the new table yet.',
         'Drop the rule for the time of the run and create it again afterwards, or wait for a version that carries it over.'
  FROM rel r JOIN pg_rewrite w ON w.ev_class = r.oid
  WHERE r.relkind NOT IN ('v', 'm')
  UNION ALL
  SELECT 'refuse', 'policy', 'policy ' || quote_ident(p.polname) || ' on table ' || r.tab,
         'Row security policies are not carried over to the new table yet.',
         'Drop the policy for the time of the run and create it again afterwards, or wait for a version that carries it over.'
  FROM rel r JOIN pg_policy p ON p.polrelid = r.oid
  UNION ALL
  SELECT 'refuse', CASE WHEN b.puballtables THEN 'publication_all_tables' WHEN m.oid IS NOT NULL THEN 'publication'
                        ELSE 'publication_of_schema' END,
         'publication ' || quote_ident(b.pubname),
         CASE WHEN b.puballtables
              THEN 'It is FOR ALL TABLES: our new table and change log would be published too, and subscribers that lack them stop.'
              WHEN m.oid IS NOT NULL THEN 'The table is a member, and memberships are not carried over to the new table yet.'
              ELSE 'It publishes the table''s schema, so subscribers would see the old table leave and a new one come.' END,
         CASE WHEN b.puballtables THEN 'Give --allow-publish-all if no subscriber minds, or list the tables in the publication.'
              ELSE 'Take the table out of the publication for the time of the run and refresh the subscribers afterwards.' END
  FROM rel r JOIN pg_publication b
         ON (b.puballtables AND NOT $2::boolean) OR (NOT b.puballtables
            AND b.pubname IN (SELECT t.pubname FROM pg_publication_tables t
                              WHERE t.schemaname = r.nspname AND t.tablename = r.relname))
  LEFT JOIN pg_publication_rel m ON m.prpubid = b.oid AND m.prrelid = r.oid
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
  SELECT 'refuse', 'depends_on_extension', 'index ' || x.indexrelid::regclass,
         'It is marked as depending on the extension ' || quote_ident(e.extname) || ', which is not carried over.',
         'ALTER INDEX … NO DEPENDS ON EXTENSION for the time of the run.'
  FROM rel r JOIN pg_index x ON x.indrelid = r.oid
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = x.indexrelid AND d.deptype = 'x'
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
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
  JOIN own o ON o.classid = d.classid AND o.objid = d.objid, pg_identify_object(d.classid, d.objid, 0) i
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
