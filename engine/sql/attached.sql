/* pgmoult:catalog */
-- What is attached to the table $1 (an OID) itself: triggers, policies, rules, one row each: kind, name, the statements that make
-- the same for $2.<same name> (in order, as the table's owner), and the one that takes it away there. $2 is the table's own
-- schema, or that of an empty clone. The texts are PostgreSQL's own.
-- For a clone: to be read with the table's schema as the search_path, so that the table and what lives beside it go by their bare
-- names, and to be run with $2 before that schema: what meant the table then means the clone, in expressions, subqueries and types.
-- A NULL among the statements means that a definition did not have the form this text expects: an internal error, run nothing.
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
)
SELECT 'trigger' AS kind, g.tgname::text AS name,
       ARRAY[CASE WHEN left(g.def, length(g.head || g.tab)) = g.head || g.tab
                  THEN g.head || g.clone || ' ' || substr(g.def, length(g.head || g.tab) + 1) END]
       || array_remove(ARRAY[
         CASE WHEN g.tgenabled <> 'O' THEN
           format('ALTER TABLE %s %s TRIGGER %s', g.clone,
                  CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END,
                  g.qname) END,
         format('COMMENT ON TRIGGER %s ON %s IS ', g.qname, g.clone) || quote_literal(obj_description(g.oid, 'pg_trigger')),
         format('COMMENT ON CONSTRAINT %s ON %s IS ', g.qname, g.clone) || quote_literal(obj_description(g.tgconstraint, 'pg_constraint'))
       ], NULL) AS statements,
       format('DROP TRIGGER %s ON %s', g.qname, g.clone) AS drop_sql
FROM trig g
UNION ALL
SELECT 'policy', p.polname::text,
       array_remove(ARRAY[
         format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, r.clone,
                CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                              ELSE 'ALL' END,
                (SELECT string_agg(CASE WHEN o = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o)) END, ', ' ORDER BY pos)
                 FROM unnest(p.polroles) WITH ORDINALITY u(o, pos)),
                ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
         format('COMMENT ON POLICY %I ON %s IS ', p.polname, r.clone) || quote_literal(obj_description(p.oid, 'pg_policy'))
       ], NULL),
       format('DROP POLICY %I ON %s', p.polname, r.clone)
FROM rel r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL
SELECT 'rule', w.rulename::text,
       ARRAY[CASE WHEN left(w.def, length(w.head || w.tab)) = w.head || w.tab
                  THEN w.head || w.clone || substr(w.def, length(w.head || w.tab) + 1) END]
       || array_remove(ARRAY[
         CASE WHEN w.ev_enabled <> 'O' THEN
           format('ALTER TABLE %s %s RULE %s', w.clone,
                  CASE w.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END,
                  w.qname) END,
         format('COMMENT ON RULE %s ON %s IS ', w.qname, w.clone) || quote_literal(obj_description(w.oid, 'pg_rewrite'))
       ], NULL),
       format('DROP RULE %s ON %s', w.qname, w.clone)
FROM rule w
ORDER BY kind, name
