/* pgmoult:catalog */
-- What others have hung on the table $1 (an OID), or on a materialized view that has to be made again because of it, and the
-- table's own foreign keys, one row each, materialized views first, in an order in which they can be made: kind, oid, name, text,
-- attributes, state.
-- text: what the table's definition has a part in, without the table's own name, so that it is equal for a dependent of the
-- table and the same dependent of a faithful copy. attributes: the rest that must outlive the swap. state: what may differ for a
-- while after it.
-- $2 (an OID): the table that this one is a clone of, or 0: its name is left out, too, since it may stand in literals. $3 (oid[]):
-- views that stand for materialized ones.
-- To be run with search_path = pg_catalog. What hangs on the table in ways that are not listed here is refused (dependents.sql).
WITH rel AS (
  SELECT c.*, t.typarray, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS qname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_type t ON t.oid = c.reltype
  WHERE c.oid = $1::oid
),
-- The table, and the materialized views on it and on one another.
moved (oid, depth) AS (
  WITH RECURSIVE step AS (
    (SELECT r.oid, 0 AS depth FROM rel r UNION SELECT o, 1 FROM unnest($3::oid[]) o)
    UNION
    SELECT w.ev_class, s.depth + 1
    FROM step s
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_class <> s.oid JOIN pg_class c ON c.oid = w.ev_class AND c.relkind = 'm'
  )
  SELECT s.oid, max(s.depth) FROM step s GROUP BY s.oid
),
referred (classid, objid) AS (
  SELECT 'pg_class'::regclass::oid, m.oid FROM moved m
  UNION ALL SELECT 'pg_type'::regclass::oid, v.oid
            FROM moved m JOIN pg_class c ON c.oid = m.oid LEFT JOIN pg_type t ON t.oid = c.reltype,
                 unnest(ARRAY[c.reltype, t.typarray]) v (oid)
  UNION ALL SELECT 'pg_constraint'::regclass::oid, k.oid FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid
  UNION ALL SELECT 'pg_class'::regclass::oid, d.objid
            FROM rel r JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                                       AND d.refobjid = r.oid AND d.refobjsubid > 0 AND d.deptype = 'i'
),
dependent AS (
  SELECT DISTINCT d.classid, d.objid
  FROM referred f JOIN pg_depend d ON d.refclassid = f.classid AND d.refobjid = f.objid AND d.classid <> 0
),
found (depth, kind, oid, name, text, attributes, state) AS (
  SELECT m.depth, 'materialized view', c.oid, 'materialized view ' || c.oid::regclass, pg_get_viewdef(c.oid),
         concat_ws('; ', 'owner ' || quote_ident(pg_get_userbyid(c.relowner)),
                   CASE WHEN c.relispopulated THEN 'populated' ELSE 'not populated' END,
                   'indexes ' || (SELECT string_agg(pg_get_indexdef(x.indexrelid), ', ' ORDER BY i.relname)
                                  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid),
                   'statistics ' || (SELECT string_agg(pg_get_statisticsobjdef(s.oid), ', ' ORDER BY s.stxname)
                                     FROM pg_statistic_ext s WHERE s.stxrelid = c.oid)), ''
  FROM rel r, moved m JOIN pg_class c ON c.oid = m.oid
  WHERE c.oid <> r.oid AND c.relkind = 'm'
  UNION ALL
  SELECT 99, 'view', c.oid, 'view ' || c.oid::regclass, pg_get_viewdef(c.oid),
         concat_ws('; ', 'owner ' || quote_ident(pg_get_userbyid(c.relowner)),
                   'options ' || (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(c.reloptions) o),
                   'rules ' || (SELECT string_agg(o.rulename, ', ' ORDER BY o.rulename) FROM pg_rewrite o
                                WHERE o.ev_class = c.oid AND o.rulename <> '_RETURN'),
                   'triggers ' || (SELECT string_agg(g.tgname, ', ' ORDER BY g.tgname) FROM pg_trigger g
                                   WHERE g.tgrelid = c.oid AND NOT g.tgisinternal)), ''
  FROM dependent d JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.rulename = '_RETURN'
  JOIN pg_class c ON c.oid = w.ev_class AND c.relkind = 'v'
  UNION ALL
  SELECT 99, 'rule', w.oid, 'rule ' || quote_ident(w.rulename) || ' on ' || w.ev_class::regclass,
         regexp_replace(pg_get_ruledef(w.oid), '^[^\n]*\n    ON [A-Z]+ TO (?:"(?:[^"]|"")*"|[^" .]+)[.](?:"(?:[^"]|"")*"|[^" \n.]+)', ''),
         concat_ws('; ', 'enabled ' || w.ev_enabled::text, 'comment ' || quote_literal(obj_description(w.oid, 'pg_rewrite'))), ''
  FROM rel r, dependent d JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.rulename <> '_RETURN'
  WHERE w.ev_class <> r.oid
  UNION ALL
  SELECT 99, 'policy', p.oid, 'policy ' || quote_ident(p.polname) || ' on ' || p.polrelid::regclass,
         concat_ws('; ', 'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid)),
         concat_ws('; ', p.polcmd::text, CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
                   'to ' || (SELECT string_agg(x, ', ' ORDER BY x COLLATE "C")
                             FROM (SELECT CASE WHEN o = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(o)) END AS x
                                   FROM unnest(p.polroles) o) names),
                   'comment ' || quote_literal(obj_description(p.oid, 'pg_policy'))), ''
  FROM rel r, dependent d JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
  WHERE p.polrelid <> r.oid
  UNION ALL
  SELECT 99, 'function', f.oid, CASE f.prokind WHEN 'p' THEN 'procedure ' ELSE 'function ' END || f.oid::regprocedure,
         regexp_replace(pg_get_functiondef(f.oid),
                        '^CREATE OR REPLACE (FUNCTION|PROCEDURE) (?:"(?:[^"]|"")*"|[^".(]+)[.](?:"(?:[^"]|"")*"|[^".(]+)\(', ''),
         'owner ' || quote_ident(pg_get_userbyid(f.proowner)), ''
  FROM dependent d JOIN pg_proc f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid AND f.prosqlbody IS NOT NULL
  UNION ALL
  SELECT 99, 'foreign key', k.oid, 'foreign key ' || quote_ident(k.conname) || ' of table ' || k.conrelid::regclass,
         regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
         concat_ws('; ', 'enforced by ' || (SELECT string_agg(DISTINCT g.tgenabled::text, '') FROM pg_trigger g
                                            WHERE g.tgconstraint = k.oid AND g.tgisinternal),
                   'comment ' || quote_literal(obj_description(k.oid, 'pg_constraint'))),
         CASE WHEN k.convalidated THEN 'valid' ELSE 'not valid' END
           || coalesce(' in ' || (SELECT string_agg(t.relid::text, ', ' ORDER BY t.relid::text) FROM pg_partition_tree(k.conrelid) t), '')
  FROM rel r JOIN pg_constraint k ON k.contype = 'f' AND (k.conrelid = r.oid OR k.confrelid = r.oid) AND k.conparentid = 0
  UNION ALL
  SELECT 99, 'publication', m.oid, 'publication ' || quote_ident(b.pubname),
         concat_ws('; ', 'member',
                   'columns ' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C")
                                  FROM jsonb_array_elements_text(nullif(to_jsonb(m)->'prattrs', 'null')) n(attnum)
                                  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = n.attnum::int2),
                   'where ' || (SELECT to_jsonb(p)->>'rowfilter' FROM pg_publication_tables p JOIN pg_namespace n
                                  ON n.nspname = p.schemaname AND n.oid = r.relnamespace
                                WHERE p.pubname = b.pubname AND p.tablename = r.relname)),
         '', ''
  FROM rel r JOIN pg_publication_rel m ON m.prrelid = r.oid JOIN pg_publication b ON b.oid = m.prpubid
)
SELECT kind, oid, name, regexp_replace(text, itself, '(this table)', 'g') AS text, attributes, state
FROM found,
     (SELECT '(?<![[:alnum:]_$."])(?:' || string_agg(regexp_replace(q.name, '([^[:alnum:]_])', '\\\1', 'g'), '|')
             || ')(?![[:alnum:]_$"])' AS itself
      FROM (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ($1::oid, $2::oid)) q) t
ORDER BY depth, kind, name
