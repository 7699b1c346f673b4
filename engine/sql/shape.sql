-- Everything PostgreSQL knows about the table $1 (an OID) as comparable rows (kind, name, definition), without the table's own
-- schema, OIDs, file numbers or statistics. Equal for a table and a faithful clone of it in another schema.
-- $2 (an OID): the table that this one is a clone of, or 0: its name is left out, too, since it may stand in literals.
-- Run with search_path = pg_catalog, so that every other name is written out. Columns that only some major versions have are
-- read through to_jsonb(row). Privileges are compared by effect: an absent ACL counts as the built-in default.
-- Serial sequences show up only in the column's default; who owns them is not part of the shape. What others have hung on the
-- table, and its foreign keys, which others have a part in, are dependents (dependents_of.sql).
WITH rel AS (
  SELECT c.*, n.nspname, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS qname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = $1::oid
),
-- Objects of the table that carry privileges of their own: the table, its columns, its identity sequences.
acl_owner AS (
  SELECT 'table' AS what, 0 AS num, r.oid AS objid, coalesce(r.relacl, acldefault('r', r.relowner)) AS acl FROM rel r
  UNION ALL
  SELECT 'column', a.attnum, r.oid, a.attacl
  FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum <> 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL
  UNION ALL
  SELECT 'row type', 0, t.oid, coalesce(t.typacl, acldefault('T', t.typowner)) FROM rel r JOIN pg_type t ON t.oid = r.reltype
  UNION ALL
  SELECT 'sequence', 0, s.oid, coalesce(s.relacl, acldefault('s', s.relowner))
  FROM rel r JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.refobjsubid > 0
                             AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
  JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
),
privileges AS (
  SELECT o.what, o.num, o.objid, string_agg(item, ', ' ORDER BY item COLLATE "C") AS text
  FROM acl_owner o, aclexplode(o.acl) x,
       LATERAL (SELECT x.privilege_type || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END || ' to '
                       || CASE WHEN x.grantee = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(x.grantee)) END
                       || ' by ' || quote_ident(pg_get_userbyid(x.grantor)) AS item) i
  GROUP BY o.what, o.num, o.objid
),
identity_sequence AS (
  SELECT d.refobjsubid AS attnum,
         concat_ws(' ', quote_ident(s.relname), 'as', format_type(q.seqtypid, NULL), 'start', q.seqstart,
                   'increment', q.seqincrement, 'min', q.seqmin, 'max', q.seqmax, 'cache', q.seqcache,
                   CASE WHEN q.seqcycle THEN 'cycle' END, 'persistence', s.relpersistence,
                   'owner', quote_ident(pg_get_userbyid(s.relowner)), 'privileges (' || p.text || ')',
                   'comment ' || quote_literal(obj_description(s.oid, 'pg_class'))) AS text
  FROM rel r JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.refobjsubid > 0
                             AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
  JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_sequence q ON q.seqrelid = s.oid
  LEFT JOIN privileges p ON p.what = 'sequence' AND p.objid = s.oid
),
table_rows AS (
  SELECT v.name, v.definition
  FROM rel r
  LEFT JOIN pg_am am ON am.oid = r.relam
  LEFT JOIN pg_tablespace ts ON ts.oid = r.reltablespace
  LEFT JOIN pg_class toast ON toast.oid = r.reltoastrelid
  LEFT JOIN privileges p ON p.what = 'table'
  LEFT JOIN privileges tp ON tp.what = 'row type'
  LEFT JOIN pg_type t ON t.oid = r.reltype,
  LATERAL (VALUES
    ('kind', r.relkind::text),
    ('persistence', r.relpersistence::text),
    ('access method', am.amname::text),
    ('tablespace', ts.spcname::text),
    ('owner', pg_get_userbyid(r.relowner)::text),
    ('options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(r.reloptions) o)),
    ('toast options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(toast.reloptions) o)),
    ('row security', CASE WHEN r.relrowsecurity THEN 'enabled' END),
    ('forced row security', CASE WHEN r.relforcerowsecurity THEN 'forced' END),
    ('replica identity', r.relreplident::text),
    ('privileges', coalesce(p.text, 'none')),
    ('comment', obj_description(r.oid, 'pg_class')),
    ('row type privileges', coalesce(tp.text, 'none')),
    ('row type comment', obj_description(t.oid, 'pg_type')),
    ('array type comment', obj_description(t.typarray, 'pg_type')),
    ('of type', CASE WHEN r.reloftype <> 0 THEN format_type(r.reloftype, NULL) END),
    ('partition bound', pg_get_expr(r.relpartbound, r.oid)),
    -- With the bounds of its ancestors or, for a default partition, of its siblings.
    ('partition constraint', CASE WHEN r.relispartition THEN pg_get_partition_constraintdef(r.oid) END),
    ('default partition beside it', (SELECT nullif(nullif(p.partdefid, r.oid), 0)::regclass::text
                                     FROM pg_inherits i JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
                                     WHERE i.inhrelid = r.oid)),
    ('ancestors', (SELECT string_agg(p.relid::text, ', ' ORDER BY p.pos) FROM pg_partition_ancestors(r.oid) WITH ORDINALITY p(relid, pos)
                   WHERE p.relid <> r.oid)),
    ('partition key', pg_get_partkeydef(r.oid))) v(name, definition)
  WHERE v.definition IS NOT NULL
),
column_rows AS (
  SELECT a.attname::text AS name,
         concat_ws('; ', row_number() OVER (ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod),
           'collate ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname),
           CASE WHEN a.attnotnull THEN 'not null' END,
           CASE WHEN a.attgenerated <> '' THEN 'generated ' || a.attgenerated::text || ' as ' ELSE 'default ' END
             || pg_get_expr(ad.adbin, ad.adrelid),
           CASE WHEN a.attidentity <> '' THEN 'identity ' || a.attidentity::text || ' ' || i.text END,
           'storage ' || a.attstorage::text, 'compression ' || nullif(a.attcompression::text, ''),
           'statistics ' || nullif(to_jsonb(a)->>'attstattarget', '-1'),
           'options ' || (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(a.attoptions) o
                          WHERE o NOT LIKE 'pg\_attver=%'),
           'privileges ' || p.text,
           CASE WHEN a.attinhcount > 0 OR NOT a.attislocal
                THEN 'inherited ' || a.attinhcount || CASE WHEN a.attislocal THEN ' and local' ELSE '' END END,
           'comment ' || quote_literal(col_description(a.attrelid, a.attnum))) AS definition
  FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
  LEFT JOIN pg_collation co ON co.oid = a.attcollation
  LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
  LEFT JOIN identity_sequence i ON i.attnum = a.attnum
  LEFT JOIN privileges p ON p.what = 'column' AND p.num = a.attnum
),
index_rows AS (
  SELECT ic.relname::text AS name,
         concat_ws('; ',
           CASE WHEN x.indisunique THEN 'unique' END, CASE WHEN x.indisprimary THEN 'primary' END,
           CASE WHEN x.indisexclusion THEN 'exclusion' END,
           coalesce(CASE WHEN left(def.text, length(def.prefix)) = def.prefix
                         THEN substr(def.text, length(def.prefix) + 1) END, def.text),
           CASE WHEN to_jsonb(x)->>'indnullsnotdistinct' = 'true' THEN 'nulls not distinct' END,
           CASE WHEN NOT x.indimmediate THEN 'not immediate' END,
           CASE WHEN NOT x.indisvalid THEN 'invalid' END, CASE WHEN NOT x.indisready THEN 'not ready' END,
           CASE WHEN NOT x.indislive THEN 'not live' END,
           CASE WHEN x.indisclustered THEN 'clustered on' END, CASE WHEN x.indisreplident THEN 'replica identity' END,
           'tablespace ' || quote_ident(ts.spcname),
           'part of ' || (SELECT i.inhparent::regclass FROM pg_inherits i WHERE i.inhrelid = ic.oid),
           'statistics ' || (SELECT string_agg(ia.attnum || '=' || (to_jsonb(ia)->>'attstattarget'), ',' ORDER BY ia.attnum)
                             FROM pg_attribute ia
                             WHERE ia.attrelid = ic.oid AND ia.attnum > 0 AND to_jsonb(ia)->>'attstattarget' <> '-1'),
           'comment ' || quote_literal(obj_description(ic.oid, 'pg_class'))) AS definition
  FROM rel r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class ic ON ic.oid = x.indexrelid
  LEFT JOIN pg_tablespace ts ON ts.oid = ic.reltablespace,
  LATERAL (SELECT pg_get_indexdef(ic.oid) AS text,
                  'CREATE ' || CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(ic.relname)
                  || ' ON ' || CASE WHEN r.relkind = 'p' THEN 'ONLY ' ELSE '' END || r.qname || ' USING ' AS prefix) def
),
constraint_rows AS (
  -- Keys have no use for connoinherit, which says how they came to a partition: with it, or by ATTACH.
  SELECT k.conname::text AS name,
         concat_ws('; ', pg_get_constraintdef(k.oid),
           CASE WHEN k.condeferrable THEN 'deferrable' END, CASE WHEN k.condeferred THEN 'deferred' END,
           CASE WHEN NOT k.convalidated THEN 'not valid' END, CASE WHEN k.connoinherit AND k.contype NOT IN ('p', 'u', 'x') THEN 'no inherit' END,
           CASE WHEN to_jsonb(k)->>'conenforced' = 'false' THEN 'not enforced' END,
           CASE WHEN NOT k.conislocal THEN 'not local' END, 'inherited ' || nullif(k.coninhcount, 0),
           'index ' || quote_ident(ic.relname),
           -- A deferrable constraint is enforced by internal triggers, which a superuser may disable.
           'enforced by ' || (SELECT string_agg(DISTINCT g.tgenabled::text, '') FROM pg_trigger g
                              WHERE g.tgconstraint = k.oid AND g.tgisinternal),
           'comment ' || quote_literal(obj_description(k.oid, 'pg_constraint'))) AS definition
  FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid
  LEFT JOIN pg_class ic ON ic.oid = k.conindid
  WHERE k.contype NOT IN ('t', 'f')
),
statistics_rows AS (
  SELECT s.stxname::text AS name,
         concat_ws('; ',
           (SELECT string_agg(e::text, '' ORDER BY e::text COLLATE "C") FROM unnest(s.stxkind) e),
           pg_get_statisticsobjdef_columns(s.oid), 'target ' || nullif(to_jsonb(s)->>'stxstattarget', '-1'),
           'owner ' || quote_ident(pg_get_userbyid(s.stxowner)),
           'comment ' || quote_literal(obj_description(s.oid, 'pg_statistic_ext'))) AS definition
  FROM rel r JOIN pg_statistic_ext s ON s.stxrelid = r.oid
),
all_rows AS (
  SELECT 'table' AS kind, name, definition FROM table_rows
  UNION ALL SELECT 'column', name, definition FROM column_rows
  UNION ALL SELECT 'index', name, definition FROM index_rows
  UNION ALL SELECT 'constraint', name, definition FROM constraint_rows
  UNION ALL SELECT 'statistics', name, definition FROM statistics_rows
  UNION ALL
  SELECT CASE WHEN g.tgparentid = 0 THEN 'trigger' ELSE 'inherited trigger' END, g.tgname,
         concat_ws('; ', pg_get_triggerdef(g.oid), 'enabled ' || g.tgenabled::text,
                   'comment ' || quote_literal(obj_description(g.oid, 'pg_trigger')),
                   'of the constraint ' || quote_literal(obj_description(g.tgconstraint, 'pg_constraint')))
  -- Before 15 those that a partition inherits are internal ones.
  FROM rel r JOIN pg_trigger g ON g.tgrelid = r.oid
    AND (NOT g.tgisinternal OR g.tgparentid <> 0 AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.oid = g.tgconstraint AND f.contype = 'f'))
    AND g.tgname !~ '^pgmoult_[0-9]+_(insert|update|delete|rekey|apply|row|truncate|fence|guard)$'
  UNION ALL
  SELECT 'policy', p.polname,
         concat_ws('; ', p.polcmd::text, CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
                   'to ' || (SELECT string_agg(x, ', ' ORDER BY x COLLATE "C")
                             FROM (SELECT CASE WHEN o = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(o)) END AS x
                                   FROM unnest(p.polroles) o) names),
                   'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid),
                   'comment ' || quote_literal(obj_description(p.oid, 'pg_policy')))
  FROM rel r JOIN pg_policy p ON p.polrelid = r.oid
  UNION ALL
  SELECT 'rule', w.rulename,
         concat_ws('; ', pg_get_ruledef(w.oid), 'enabled ' || w.ev_enabled::text,
                   'comment ' || quote_literal(obj_description(w.oid, 'pg_rewrite')))
  FROM rel r JOIN pg_rewrite w ON w.ev_class = r.oid
  UNION ALL
  SELECT 'inheritance', CASE WHEN i.inhrelid = r.oid THEN 'parent ' || i.inhparent::regclass
                             ELSE 'child ' || i.inhrelid::regclass END,
         concat_ws('; ', i.inhseqno, CASE WHEN to_jsonb(i)->>'inhdetachpending' = 'true' THEN 'being detached' END)
  FROM rel r JOIN pg_inherits i ON i.inhrelid = r.oid OR i.inhparent = r.oid
  UNION ALL
  SELECT 'security label', concat_ws(' ', l.provider, quote_ident(a.attname)), l.label
  FROM rel r JOIN pg_seclabel l ON l.classoid = 'pg_class'::regclass AND l.objoid = r.oid
  LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = l.objsubid AND l.objsubid > 0
)
-- A varchar IN-list is printed as (ARRAY['a'::character varying, …])::text[] when first entered, and with the casts inside
-- after it went through text once. Both are brought to one form; it is the only expression known to change in this way.
-- (Extended statistics print the same without the brackets.)
SELECT kind, name::text,
       regexp_replace(
         regexp_replace(
           regexp_replace(definition, '\((' || literal || ')\)::text|(' || literal || ')::text', '\1\2', 'g'),
           '\((' || list || ')\)::text\[\]|(' || list || ')::text\[\]', '\1\2', 'g'),
         itself, '(this table)', 'g') AS definition
FROM all_rows,
     (SELECT '(?<![[:alnum:]_$."])(?:' || string_agg(regexp_replace(q.name, '([^[:alnum:]_])', '\\\1', 'g'), '|')
             || ')(?![[:alnum:]_$"])' AS itself
      FROM (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ($1::oid, $2::oid)) q) t,
     (SELECT 'E?''(?:[^'']|'''')*''::character varying(?:\(\d+\))?' AS literal) l,
     LATERAL (SELECT 'ARRAY\[(?:' || literal || '(?:, )?)+\]' AS list) m
ORDER BY kind COLLATE "C", name COLLATE "C"
