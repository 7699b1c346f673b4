/* pgmoult:catalog */
-- Where the table $1 (an OID) is a partition: one row, else none. parent (an OID), its schema (quoted where it has to be, and plain) and name, the bound, the constraint that it
-- implies (also by the ancestors' bounds), strategy (partstrat of the parent), is_default, attach_role (who may detach and attach it: the
-- table's owner, the parent's, or the login; '' for nobody),
-- after_attach (statements of the swap that give inherited triggers what is this partition's own), own_not_null (quoted columns
-- whose inherited NOT NULL is the partition's own, too). To be run with search_path =
-- pg_catalog.
WITH rel AS (
  SELECT c.oid, c.relnamespace, c.relowner, c.relpartbound, i.inhparent, p.relname AS parent_name, p.relnamespace AS parent_namespace,
         p.relowner AS parent_owner, pt.partstrat, pt.partdefid, pn.nspname AS parent_schema,
         quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS qname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_inherits i ON i.inhrelid = c.oid
  JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
  JOIN pg_partitioned_table pt ON pt.partrelid = p.oid
  WHERE c.oid = $1::oid AND c.relispartition
),
attacher AS (
  SELECT r.oid, w.name
  FROM rel r, LATERAL (VALUES (1, r.relowner), (2, r.parent_owner), (3, (SELECT oid FROM pg_roles WHERE rolname = session_user)))
                      v(pos, role),
       LATERAL (SELECT pg_get_userbyid(v.role)::text AS name) w
  WHERE pg_has_role(v.role, r.relowner, 'USAGE') AND pg_has_role(v.role, r.parent_owner, 'USAGE')
    AND has_schema_privilege(v.role, r.relnamespace, 'USAGE') AND has_schema_privilege(v.role, r.parent_namespace, 'USAGE')
    AND pg_has_role(session_user, v.role, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
  ORDER BY v.pos LIMIT 1
),
-- Before 15 they are internal ones; the others that are have foreign keys.
inherited_trigger AS (
  SELECT g.*, p.tgenabled AS of_parent
  FROM rel r JOIN pg_trigger g ON g.tgrelid = r.oid JOIN pg_trigger p ON p.oid = g.tgparentid
  WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.oid = g.tgconstraint AND k.contype = 'f')
)
SELECT r.inhparent, quote_ident(r.parent_schema), r.parent_schema::text, r.parent_name::text, pg_get_expr(r.relpartbound, r.oid) AS bound,
       coalesce(pg_get_partition_constraintdef(r.oid), 'true') AS constraint_text, r.partstrat::text AS strategy,
       r.partdefid = r.oid AS is_default, coalesce(a.name, '') AS attach_role,
       ARRAY(SELECT format('ALTER TABLE %s %s TRIGGER %I', r.qname,
                           CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS'
                                            ELSE 'ENABLE' END, g.tgname)
             FROM inherited_trigger g WHERE g.tgenabled <> g.of_parent ORDER BY g.tgname)
       || ARRAY(SELECT format('COMMENT ON TRIGGER %I ON %s IS %L', g.tgname, r.qname, obj_description(g.oid, 'pg_trigger'))
                FROM inherited_trigger g WHERE obj_description(g.oid, 'pg_trigger') IS NOT NULL ORDER BY g.tgname) AS after_attach,
       -- Since 18: ATTACH makes the NOT NULL that it finds the parent's alone.
       ARRAY(SELECT quote_ident(x.attname)
             FROM pg_constraint k JOIN pg_attribute x ON x.attrelid = k.conrelid AND x.attnum = k.conkey[1]
             WHERE k.conrelid = r.oid AND k.contype = 'n' AND k.conislocal AND k.coninhcount > 0 ORDER BY x.attnum) AS own_not_null
FROM rel r LEFT JOIN attacher a ON a.oid = r.oid
