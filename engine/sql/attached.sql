/* pgmoult:catalog */
-- What is attached to the table $1 (an OID), an empty shadow: triggers, policies, rules, one row each: kind, name, the statements
-- that make it again (in order, as the table's owner), and the one that takes it away. They name the table in its present schema.
WITH rel AS (
  SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS qname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = $1::oid
)
SELECT 'trigger' AS kind, g.tgname::text AS name,
       array_remove(ARRAY[
         pg_get_triggerdef(g.oid),
         CASE WHEN g.tgenabled <> 'O' THEN
           format('ALTER TABLE %s %s TRIGGER %I', r.qname,
                  CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END,
                  g.tgname) END,
         format('COMMENT ON TRIGGER %I ON %s IS ', g.tgname, r.qname) || quote_literal(obj_description(g.oid, 'pg_trigger'))
       ], NULL) AS statements,
       format('DROP TRIGGER %I ON %s', g.tgname, r.qname) AS drop_sql
FROM rel r JOIN pg_trigger g ON g.tgrelid = r.oid AND NOT g.tgisinternal AND g.tgparentid = 0
UNION ALL
SELECT 'policy', p.polname::text,
       array_remove(ARRAY[
         format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, r.qname,
                CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                              ELSE 'ALL' END,
                (SELECT string_agg(CASE WHEN o = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o)) END, ', ' ORDER BY pos)
                 FROM unnest(p.polroles) WITH ORDINALITY u(o, pos)),
                ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
         format('COMMENT ON POLICY %I ON %s IS ', p.polname, r.qname) || quote_literal(obj_description(p.oid, 'pg_policy'))
       ], NULL),
       format('DROP POLICY %I ON %s', p.polname, r.qname)
FROM rel r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL
SELECT 'rule', w.rulename::text,
       array_remove(ARRAY[
         pg_get_ruledef(w.oid),
         CASE WHEN w.ev_enabled <> 'O' THEN
           format('ALTER TABLE %s %s RULE %I', r.qname,
                  CASE w.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END,
                  w.rulename) END,
         format('COMMENT ON RULE %I ON %s IS ', w.rulename, r.qname) || quote_literal(obj_description(w.oid, 'pg_rewrite'))
       ], NULL),
       format('DROP RULE %I ON %s', w.rulename, r.qname)
FROM rel r JOIN pg_rewrite w ON w.ev_class = r.oid
ORDER BY kind, name
