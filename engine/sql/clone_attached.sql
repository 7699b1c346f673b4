/* pgmoult:catalog */
-- The statements (ord, sql) that attach to the empty clone $2.<same name> of the table $1 (an OID) what is attached to the table
-- itself: triggers, policies, rules. Their text is PostgreSQL's own. To be read with the table's schema as the search_path, so
-- that the table and what lives beside it go by their bare names, and to be run, as the table's owner, with $2 before that
-- schema: what meant the table then means the clone, in expressions, subqueries and types.
-- A NULL in sql means that a definition did not have the form this text expects: an internal error, run nothing.
WITH rel AS (
  SELECT c.*, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS qname,
         quote_ident($2::text) || '.' || quote_ident(c.relname) AS clone
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = $1::oid
),
trig AS (
  SELECT g.*, quote_ident(g.tgname) AS qname, r.clone, pg_get_triggerdef(g.oid) AS def,
         concat('CREATE ', CASE WHEN g.tgconstraint <> 0 THEN 'CONSTRAINT ' END, 'TRIGGER ', quote_ident(g.tgname), ' ',
                CASE WHEN g.tgtype & 2 <> 0 THEN 'BEFORE' WHEN g.tgtype & 64 <> 0 THEN 'INSTEAD OF' ELSE 'AFTER' END, ' ',
                array_to_string(array_remove(ARRAY[
                  CASE WHEN g.tgtype & 4 <> 0 THEN 'INSERT' END, CASE WHEN g.tgtype & 8 <> 0 THEN 'DELETE' END,
                  CASE WHEN g.tgtype & 16 <> 0 THEN 'UPDATE' || coalesce(
                    (SELECT ' OF ' || string_agg(quote_ident(a.attname), ', ' ORDER BY o.pos)
                     FROM unnest(g.tgattr::int2[]) WITH ORDINALITY o(attnum, pos)
                     JOIN pg_attribute a ON a.attrelid = g.tgrelid AND a.attnum = o.attnum), '') END,
                  CASE WHEN g.tgtype & 32 <> 0 THEN 'TRUNCATE' END], NULL), ' OR '), ' ON ') AS head,
         r.qname || ' ' AS tab
  FROM rel r JOIN pg_trigger g ON g.tgrelid = r.oid AND NOT g.tgisinternal AND g.tgparentid = 0
                              AND g.tgname !~ '^pgmoult_[0-9]+_(insert|update|delete|rekey|apply|row|truncate|fence|guard)$'
),
rule AS (
  SELECT w.*, quote_ident(w.rulename) AS qname, r.clone, pg_get_ruledef(w.oid) AS def,
         concat('CREATE RULE ', quote_ident(w.rulename), E' AS\n    ON ',
                CASE w.ev_type WHEN '1' THEN 'SELECT' WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' WHEN '4' THEN 'DELETE' END,
                ' TO ') AS head,
         r.qname AS tab
  FROM rel r JOIN pg_rewrite w ON w.ev_class = r.oid AND r.relkind NOT IN ('v', 'm')
),
script (phase, name, step, sql) AS (
  SELECT 1, g.tgname, v.step, v.sql
  FROM trig g,
       LATERAL (VALUES
         (0, CASE WHEN left(g.def, length(g.head || g.tab)) = g.head || g.tab
                  THEN g.head || g.clone || ' ' || substr(g.def, length(g.head || g.tab) + 1) END, true),
         (1, format('ALTER TABLE %s %s TRIGGER %s', g.clone,
                    CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END,
                    g.qname), g.tgenabled <> 'O'),
         (2, format('COMMENT ON TRIGGER %s ON %s IS %L', g.qname, g.clone, obj_description(g.oid, 'pg_trigger')),
          obj_description(g.oid, 'pg_trigger') IS NOT NULL)) v(step, sql, needed)
  WHERE v.needed
  UNION ALL
  SELECT 2, p.polname, v.step, v.sql
  FROM rel r JOIN pg_policy p ON p.polrelid = r.oid,
       LATERAL (VALUES
         (0, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, r.clone,
                    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                                  ELSE 'ALL' END,
                    (SELECT string_agg(CASE WHEN o = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o)) END, ', ' ORDER BY pos)
                     FROM unnest(p.polroles) WITH ORDINALITY u(o, pos)),
                    ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                    ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'), true),
         (1, format('COMMENT ON POLICY %I ON %s IS %L', p.polname, r.clone, obj_description(p.oid, 'pg_policy')),
          obj_description(p.oid, 'pg_policy') IS NOT NULL)) v(step, sql, needed)
  WHERE v.needed
  UNION ALL
  SELECT 3, w.rulename, v.step, v.sql
  FROM rule w,
       LATERAL (VALUES
         (0, CASE WHEN left(w.def, length(w.head || w.tab)) = w.head || w.tab
                  THEN w.head || w.clone || substr(w.def, length(w.head || w.tab) + 1) END, true),
         (1, format('ALTER TABLE %s %s RULE %s', w.clone,
                    CASE w.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END,
                    w.qname), w.ev_enabled <> 'O'),
         (2, format('COMMENT ON RULE %s ON %s IS %L', w.qname, w.clone, obj_description(w.oid, 'pg_rewrite')),
          obj_description(w.oid, 'pg_rewrite') IS NOT NULL)) v(step, sql, needed)
  WHERE v.needed
)
SELECT (row_number() OVER (ORDER BY phase, name COLLATE "C", step))::int AS ord, sql
FROM script
ORDER BY 1
