/* pgmoult:catalog */
-- How the dependents in $3 (a JSON array of {kind, oid, real, clone}, of clone_dependents.sql) of the table $1 (an OID) get from it
-- to the new table $2 (an OID), which the change has been applied to: one row each. kind, oid, owner (the role that does it),
-- detach and attach (statements of the swap, before names are exchanged: they name the new table by its present name), finish (after
-- it, by its final name; each waits for nobody), lock_schema, lock_name (the relation that the swap locks for it, if any), lock_role (its owner),
-- lock_form ('table', 'tree' with partitions, 'other'), lock_place ('early': before
-- the table, readers and all; 'referencing': its writers get to the table by its own locks; 'referenced': the table's writers get
-- to it), stand_ins (names of what is there
-- instead until it is finished), between (names of what may be there while it is being finished), note (what people should know
-- beforehand), query (of a materialized view, which is made anew), populated. $4: the schema of old tables.
-- The texts are those of the clones as the change has left them. To be run with search_path = pg_catalog.
WITH rel AS (
  SELECT s.oid, quote_ident(sn.nspname) || '.' || quote_ident(s.relname) AS source,
         quote_ident(tn.nspname) || '.' || quote_ident(t.relname) AS shadow, t.oid AS shadow_oid,
         pg_get_userbyid(s.relowner)::text AS owner
  FROM pg_class s JOIN pg_namespace sn ON sn.oid = s.relnamespace, pg_class t JOIN pg_namespace tn ON tn.oid = t.relnamespace
  WHERE s.oid = $1::oid AND t.oid = $2::oid
),
item AS (
  SELECT x.* FROM jsonb_to_recordset($3::jsonb) x(kind text, oid oid, "real" text, clone text)
),
-- A foreign key and what the change made of its clone.
fk AS (
  SELECT i.kind, i.oid, i.real, k.conname, k.conrelid, k.convalidated, c.relkind, pg_get_userbyid(c.relowner)::text AS owner,
         c.relname, n.nspname, fc.relname AS other_name, fc.relkind AS other_kind, fn.nspname AS other_schema, pg_get_userbyid(fc.relowner)::text AS other_owner,
         CASE WHEN k.conrelid <> r.oid THEN 'in' WHEN k.confrelid = r.oid THEN 'self' ELSE 'out' END AS way,
         -- Where the login may not lock the other table, the statement that drops the key does.
         k.conrelid = r.oid AND k.confrelid <> r.oid
           AND pg_has_role(session_user, fc.relowner,
                           CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
           AS locks_other,
         coalesce(to_jsonb(k)->>'conenforced', 'true') = 'true' AS enforced,
         coalesce((SELECT string_agg(format('column %I, which it references, becomes %s; column %I of %s stays %s', b.attname,
                                            format_type(b.atttypid, b.atttypmod), own.attname, k.conrelid::regclass,
                                            format_type(own.atttypid, own.atttypmod)), '; ' ORDER BY f.pos)
                   FROM unnest(k.confkey, m.confkey, k.conkey) WITH ORDINALITY f(was, is_now, own, pos)
                   JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = f.was
                   JOIN pg_attribute b ON b.attrelid = r.shadow_oid AND b.attnum = f.is_now
                   JOIN pg_attribute own ON own.attrelid = k.conrelid AND own.attnum = f.own
                   WHERE k.confrelid = r.oid AND k.conrelid <> r.oid
                     AND (a.atttypid, a.atttypmod) IS DISTINCT FROM (b.atttypid, b.atttypmod)), '') AS note,
         'COMMENT ON CONSTRAINT ' || replace(quote_ident(k.conname), '%', '%%') || ' ON %s IS '
           || replace(quote_literal(obj_description(k.oid, 'pg_constraint')), '%', '%%') AS comment,
         regexp_replace(CASE WHEN k.conrelid = r.oid AND k.confrelid <> r.oid
                             THEN replace(pg_get_constraintdef(m.oid), ' REFERENCES ' || i.clone || '(', ' REFERENCES ' || i.real || '(')
                             ELSE pg_get_constraintdef(m.oid) END, ' NOT VALID$', '') AS def
  FROM rel r, item i JOIN pg_constraint k ON i.kind = 'foreign key' AND k.oid = i.oid
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class fc ON fc.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
  LEFT JOIN pg_constraint m ON m.contype = 'f' AND m.conname = k.conname
    AND m.conrelid = CASE WHEN k.conrelid = $1::oid THEN $2::oid ELSE to_regclass(i.clone) END
),
-- A foreign key of a partitioned table cannot be NOT VALID: until it is there again, each leaf has it for itself, under the name
-- that it will have as a part of the whole. Then it is added from below, so that each of those between has its name, too.
part AS (
  SELECT k.oid, k.def, t.level, t.isleaf, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, quote_ident(l.conname) AS con,
         'COMMENT ON CONSTRAINT ' || quote_ident(l.conname) || ' ON ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
           || ' IS ' || quote_literal(obj_description(l.oid, 'pg_constraint')) AS comment
  FROM fk k, LATERAL pg_partition_tree(k.conrelid) t
  JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_constraint l ON l.conrelid = c.oid AND l.contype = 'f'
  WHERE k.way = 'in' AND k.relkind = 'p'
    AND k.oid IN (WITH RECURSIVE up AS (SELECT l.oid, l.conparentid
                                        UNION ALL SELECT p.oid, p.conparentid FROM up u JOIN pg_constraint p ON p.oid = u.conparentid)
                  SELECT up.oid FROM up)
)
SELECT i.kind, i.oid, pg_get_userbyid(c.relowner)::text AS owner, '{}'::text[] AS detach,
       ARRAY[format('CREATE OR REPLACE VIEW %s%s AS %s', i.real,
                    ' WITH (' || (SELECT string_agg(quote_ident(o.option_name) || ' = ' || quote_literal(o.option_value), ', ')
                                  FROM pg_options_to_table(c.reloptions) o) || ')', pg_get_viewdef(i.clone::regclass))] AS attach,
       '{}'::text[] AS finish, n.nspname::text AS lock_schema, c.relname::text AS lock_name, pg_get_userbyid(c.relowner)::text AS lock_role,
       'other' AS lock_form, 'early' AS lock_place,
       '{}'::text[] AS stand_ins, '{}'::text[] AS between, '' AS note, '' AS query, false AS populated
FROM item i JOIN pg_class c ON i.kind = 'view' AND c.oid = i.oid JOIN pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT i.kind, i.oid, pg_get_userbyid(c.relowner)::text, '{}',
       ARRAY['CREATE OR REPLACE ' || CASE WHEN left(d.def, length(d.head || i.clone)) = d.head || i.clone
             THEN substr(d.head, length('CREATE ') + 1) || i.real || substr(d.def, length(d.head || i.clone) + 1) END],
       '{}', n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text, CASE WHEN c.relkind = 'r' THEN 'table' ELSE 'other' END, 'early', '{}', '{}', '', '', false
FROM item i JOIN pg_rewrite w ON i.kind = 'rule' AND w.oid = i.oid
JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_rewrite m ON m.ev_class = i.clone::regclass,
     LATERAL (SELECT pg_get_ruledef(m.oid) AS def,
                     concat('CREATE RULE ', quote_ident(m.rulename), E' AS\n    ON ',
                            CASE m.ev_type WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' WHEN '4' THEN 'DELETE' END, ' TO ') AS head) d
UNION ALL
SELECT i.kind, i.oid, pg_get_userbyid(c.relowner)::text, '{}',
       ARRAY[format('ALTER POLICY %I ON %s%s%s', p.polname, i.real, ' USING (' || pg_get_expr(m.polqual, m.polrelid) || ')',
                    ' WITH CHECK (' || pg_get_expr(m.polwithcheck, m.polrelid) || ')')],
       '{}', n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text, CASE WHEN c.relkind = 'r' THEN 'table' ELSE 'tree' END, 'referencing', '{}', '{}', '', '', false
FROM item i JOIN pg_policy p ON i.kind = 'policy' AND p.oid = i.oid
JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_policy m ON m.polrelid = i.clone::regclass
UNION ALL
SELECT i.kind, i.oid, pg_get_userbyid(f.proowner)::text, '{}',
       ARRAY[CASE WHEN left(d.def, length(d.head || i.clone || '(')) = d.head || i.clone || '('
                  THEN d.head || i.real || substr(d.def, length(d.head || i.clone) + 1) END], '{}', '', '', '', '', '', '{}', '{}', '', '', false
FROM item i JOIN pg_proc f ON i.kind = 'function' AND f.oid = i.oid
JOIN pg_proc m ON i.clone = m.pronamespace::regnamespace::text || '.' || quote_ident(m.proname),
     LATERAL (SELECT pg_get_functiondef(m.oid) AS def,
                     'CREATE OR REPLACE ' || CASE m.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END AS head) d
UNION ALL
SELECT k.kind, k.oid, r.owner,
       CASE k.way WHEN 'out' THEN ARRAY[format('ALTER TABLE %s DROP CONSTRAINT %I', r.source, k.conname)] ELSE '{}' END,
       CASE WHEN k.def IS NULL THEN '{}'
            ELSE array_remove(ARRAY[format('ALTER TABLE %s ADD CONSTRAINT %I %s%s', r.shadow, k.conname, k.def,
                                           CASE WHEN k.enforced THEN ' NOT VALID' ELSE '' END), format(k.comment, r.shadow)], NULL) END,
       CASE WHEN k.convalidated AND k.def IS NOT NULL
            THEN ARRAY[format('ALTER TABLE %s VALIDATE CONSTRAINT %I', r.source, k.conname)] ELSE '{}' END,
       CASE WHEN k.locks_other THEN k.other_schema::text ELSE '' END, CASE WHEN k.locks_other THEN k.other_name::text ELSE '' END,
       k.other_owner, CASE WHEN k.other_kind = 'p' THEN 'tree' ELSE 'table' END, 'referenced', '{}', '{}', k.note, '', false
FROM rel r, fk k WHERE k.way <> 'in'
UNION ALL
SELECT k.kind, k.oid, k.owner, '{}',
       array_remove(ARRAY[format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s%s', k.real, k.conname, k.conname, k.def,
                                 CASE WHEN k.enforced THEN ' NOT VALID' ELSE '' END), format(k.comment, k.real)], NULL),
       CASE WHEN k.convalidated THEN ARRAY[format('ALTER TABLE %s VALIDATE CONSTRAINT %I', k.real, k.conname)] ELSE '{}' END,
       k.nspname::text, k.relname::text, k.owner, 'table', 'referencing', '{}', '{}', k.note, '', false
FROM fk k WHERE k.way = 'in' AND k.relkind <> 'p'
UNION ALL
SELECT k.kind, k.oid, k.owner, ARRAY[format('ALTER TABLE %s DROP CONSTRAINT %I', k.real, k.conname)],
       ARRAY(SELECT format('ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID', l.name, l.con, l.def)
             FROM part l WHERE l.oid = k.oid AND l.isleaf ORDER BY l.name)
       || ARRAY(SELECT l.comment FROM part l WHERE l.oid = k.oid AND l.isleaf AND l.comment IS NOT NULL ORDER BY l.name),
       ARRAY(SELECT format('ALTER TABLE %s VALIDATE CONSTRAINT %s', l.name, l.con)
             FROM part l WHERE l.oid = k.oid AND l.isleaf ORDER BY l.name)
       || ARRAY(SELECT s.sql
                FROM part l, LATERAL (VALUES
                  (1, format('ALTER TABLE %s ADD CONSTRAINT %s %s', l.name, l.con,
                             replace(l.def, ' REFERENCES ' || r.shadow || '(', ' REFERENCES ' || r.source || '('))),
                  (2, l.comment)) s(pos, sql)
                WHERE l.oid = k.oid AND NOT l.isleaf AND s.sql IS NOT NULL ORDER BY l.level DESC, l.name, s.pos),
       k.nspname::text, k.relname::text, k.owner, 'tree', 'referencing',
       ARRAY(SELECT 'foreign key ' || l.con || ' of table ' || l.name FROM part l WHERE l.oid = k.oid AND l.isleaf ORDER BY l.name),
       ARRAY(SELECT 'foreign key ' || l.con || ' of table ' || l.name FROM part l WHERE l.oid = k.oid AND NOT l.isleaf AND l.level > 0),
       k.note, '', false
FROM rel r, fk k WHERE k.way = 'in' AND k.relkind = 'p'
UNION ALL
SELECT i.kind, i.oid, pg_get_userbyid(b.pubowner)::text,
       ARRAY[format('ALTER PUBLICATION %s DROP TABLE %s', i.real, r.source)],
       ARRAY[format('ALTER PUBLICATION %s ADD TABLE %s%s%s', i.real, r.shadow,
                    ' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                             FROM jsonb_array_elements_text(nullif(to_jsonb(m)->'prattrs', 'null')) x(attnum)
                             JOIN pg_attribute a ON a.attrelid = r.shadow_oid AND a.attnum = x.attnum::int2) || ')',
                    ' WHERE (' || (SELECT to_jsonb(p)->>'rowfilter' FROM pg_publication_tables p
                                   WHERE p.pubname = c.pubname LIMIT 1) || ')')],
       '{}', '', '', '', '', '', '{}', '{}', '', '', false
FROM rel r CROSS JOIN item i JOIN pg_publication_rel o ON i.kind = 'publication' AND o.oid = i.oid
JOIN pg_publication b ON b.oid = o.prpubid JOIN pg_publication c ON i.clone = quote_ident(c.pubname)
JOIN pg_publication_rel m ON m.prpubid = c.oid AND m.prrelid = r.shadow_oid
UNION ALL
SELECT i.kind, i.oid, pg_get_userbyid(c.relowner)::text,
       ARRAY[format('ALTER MATERIALIZED VIEW %s SET SCHEMA %I', i.real, $4::text)]
       || ARRAY(SELECT format('ALTER STATISTICS %I.%I SET SCHEMA %I', sn.nspname, s.stxname, $4::text)
                FROM pg_statistic_ext s JOIN pg_namespace sn ON sn.oid = s.stxnamespace WHERE s.stxrelid = c.oid ORDER BY s.stxname),
       ARRAY[format('ALTER MATERIALIZED VIEW %s SET SCHEMA %I', i.clone, n.nspname)]
       || ARRAY(SELECT format('ALTER STATISTICS %I.%I SET SCHEMA %I', tn.nspname, s.stxname, sn.nspname)
                FROM rel r JOIN pg_class t ON t.oid = r.shadow_oid JOIN pg_namespace tn ON tn.oid = t.relnamespace,
                     pg_statistic_ext s JOIN pg_namespace sn ON sn.oid = s.stxnamespace
                WHERE s.stxrelid = c.oid ORDER BY s.stxname), '{}', n.nspname::text, c.relname::text,
       pg_get_userbyid(c.relowner)::text, 'other', 'early', '{}', '{}', '', rtrim(pg_get_viewdef(i.clone::regclass), ';'), c.relispopulated
FROM item i JOIN pg_class c ON i.kind = 'materialized view' AND c.oid = i.oid JOIN pg_namespace n ON n.oid = c.relnamespace
