-- The statements (ord, sql) that build an empty, faithful clone of the table $1 (an OID) as $2.<same name>, $2 being the name of
-- a schema of ours. To be run in order, in one transaction, as the table's owner, with search_path = pg_catalog.
-- $1 may be a materialized view, too: $3 is then its query (else ''), and the clone is not populated.
-- A NULL in sql means that a definition did not have the form this text expects: an internal error, run nothing.
-- Stored expressions of columns and CHECKs are copied by LIKE as PostgreSQL holds them; index expressions go through text.
WITH rel AS (
  SELECT c.*, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS qname,
         quote_ident($2::text) || '.' || quote_ident(c.relname) AS clone, quote_ident($2::text) AS target,
         quote_ident(pg_get_userbyid(c.relowner)) AS owner_name,
         CASE WHEN c.relkind = 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS what
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = $1::oid
),
col AS (
  SELECT a.*, quote_ident(a.attname) AS qcol
  FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
),
identity_sequence AS (
  SELECT s.oid, s.relname, s.relacl, s.relowner, r.target || '.' || quote_ident(s.relname) AS clone, q.*, a.qcol, a.attidentity
  FROM rel r JOIN col a ON a.attidentity <> ''
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.refobjsubid = a.attnum
                  AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
  JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_sequence q ON q.seqrelid = s.oid
),
options AS (
  SELECT string_agg(o.prefix || quote_ident(o.option_name) || ' = ' || quote_literal(o.option_value), ', ') AS text
  FROM (SELECT '' AS prefix, x.* FROM rel r, pg_options_to_table(r.reloptions) x
        UNION ALL
        SELECT 'toast.', x.* FROM rel r JOIN pg_class t ON t.oid = r.reltoastrelid, pg_options_to_table(t.reloptions) x) o
),
creation AS (
  SELECT format('CREATE %sTABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED '
                'INCLUDING STORAGE INCLUDING COMPRESSION) USING %I%s%s',
                CASE WHEN r.relpersistence = 'u' THEN 'UNLOGGED ' ELSE '' END, r.clone, r.qname, am.amname,
                coalesce(' WITH (' || o.text || ')', ''), coalesce(' TABLESPACE ' || quote_ident(ts.spcname), '')) AS sql
  FROM rel r JOIN pg_am am ON am.oid = r.relam LEFT JOIN pg_tablespace ts ON ts.oid = r.reltablespace, options o
  WHERE r.relkind <> 'm'
  UNION ALL
  SELECT format('CREATE MATERIALIZED VIEW %s USING %I%s%s AS %s WITH NO DATA', r.clone, am.amname,
                coalesce(' WITH (' || o.text || ')', ''), coalesce(' TABLESPACE ' || quote_ident(ts.spcname), ''), $3::text)
  FROM rel r JOIN pg_am am ON am.oid = r.relam LEFT JOIN pg_tablespace ts ON ts.oid = r.reltablespace, options o
  WHERE r.relkind = 'm'
),
idx AS (
  SELECT x.*, ic.relname, quote_ident(ic.relname) AS qidx, r.target || '.' || quote_ident(ic.relname) AS clone_idx,
         ts.spcname, k.oid AS conid, k.contype, k.condeferrable, k.condeferred,
         -- In the order in which they were made: of two that would do, a foreign key uses the first.
         row_number() OVER (ORDER BY ic.oid) AS pos,
         CASE WHEN x.indisexclusion
           THEN 'ALTER TABLE ' || r.clone || ' ADD CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid)
           ELSE (SELECT CASE WHEN left(def, length(head || r.qname || ' USING ')) = head || r.qname || ' USING '
                             THEN head || r.clone || ' USING ' || substr(def, length(head || r.qname || ' USING ') + 1) END
                 FROM pg_get_indexdef(ic.oid) def,
                      concat('CREATE ', CASE WHEN x.indisunique THEN 'UNIQUE ' END, 'INDEX ', quote_ident(ic.relname), ' ON ')
                        head)
         END AS create_sql
  FROM rel r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class ic ON ic.oid = x.indexrelid
  LEFT JOIN pg_tablespace ts ON ts.oid = ic.reltablespace
  LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = r.oid AND k.contype IN ('p', 'u', 'x')
),
-- Privileges. An object's items are granted in an order in which every grantor already holds its grant option.
acl_object AS (
  SELECT r.oid AS objid, 0 AS num, 'TABLE ' || r.clone AS target, NULL::text AS qcol, 'r'::"char" AS objtype,
         r.relacl AS own_acl, coalesce(r.relacl, acldefault('r', r.relowner)) AS acl
  FROM rel r
  UNION ALL
  SELECT r.oid, a.attnum, 'TABLE ' || r.clone, a.qcol, 'c', a.attacl, a.attacl
  FROM rel r, col a WHERE a.attacl IS NOT NULL
  UNION ALL
  SELECT s.oid, 0, 'SEQUENCE ' || s.clone, NULL, 'S', s.relacl, coalesce(s.relacl, acldefault('s', s.relowner))
  FROM identity_sequence s
  UNION ALL
  SELECT t.oid, 0, 'TYPE ' || r.clone, NULL, 'T', t.typacl, t.typacl
  FROM rel r JOIN pg_type t ON t.oid = r.reltype WHERE t.typacl IS NOT NULL
),
default_acl AS (
  SELECT d.defaclobjtype AS objtype, x.grantee
  FROM rel r JOIN pg_default_acl d ON d.defaclrole = r.relowner
  LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
  LEFT JOIN LATERAL aclexplode(d.defaclacl) x ON true
  WHERE d.defaclobjtype IN ('r', 'S') AND (d.defaclnamespace = 0 OR n.nspname = $2::text)
),
-- What creation itself grants is taken away first, unless it is exactly what the source has too.
reset_object AS (
  SELECT o.* FROM acl_object o
  WHERE o.objtype <> 'c'
    AND (o.own_acl IS NOT NULL OR EXISTS (SELECT FROM default_acl d WHERE d.objtype = o.objtype))
),
revocation AS (
  SELECT o.target, g.grantee
  FROM rel r, reset_object o,
       LATERAL (SELECT 0::oid AS grantee UNION SELECT r.relowner
                UNION SELECT d.grantee FROM default_acl d WHERE d.objtype = o.objtype AND d.grantee IS NOT NULL) g
),
item AS (
  SELECT o.objid, o.num, o.target, o.qcol, x.grantor, x.grantee, x.privilege_type, x.is_grantable, x.pos
  FROM acl_object o, aclexplode(o.acl) WITH ORDINALITY x(grantor, grantee, privilege_type, is_grantable, pos)
  WHERE o.objtype = 'c' OR EXISTS (SELECT FROM reset_object q WHERE q.target = o.target)
),
grant_level AS (
  WITH RECURSIVE walk AS (
    SELECT i.*, 0 AS level FROM rel r, item i WHERE i.grantor = r.relowner
    UNION
    SELECT i.*, w.level + 1
    FROM walk w JOIN item i ON i.objid = w.objid AND i.grantor = w.grantee AND i.privilege_type = w.privilege_type
                           AND w.num IN (0, i.num)
    WHERE w.is_grantable AND w.level < 30
  )
  SELECT i.*, coalesce((SELECT min(w.level) FROM walk w
                        WHERE (w.objid, w.num, w.grantor, w.grantee, w.privilege_type, w.is_grantable)
                            = (i.objid, i.num, i.grantor, i.grantee, i.privilege_type, i.is_grantable)), 31) AS level
  FROM item i
),
grant_batch AS (
  SELECT g.level, g.grantor, g.target, g.grantee, g.is_grantable,
         string_agg(g.privilege_type || coalesce(' (' || g.qcol || ')', ''), ', ' ORDER BY g.privilege_type, g.num) AS what,
         min(g.pos) AS pos
  FROM grant_level g GROUP BY g.level, g.grantor, g.target, g.grantee, g.is_grantable
),
-- The steps, each with its place (phase, pos, step) in the script.
script AS (
  SELECT 10 AS phase, 0::bigint AS pos, 0 AS step, 'SET LOCAL default_tablespace = ''''' AS sql
  UNION ALL SELECT 11, 0, 0, sql FROM creation
  UNION ALL
  SELECT 15, 0, 0, 'REVOKE ALL ON ' || v.target || ' FROM '
                   || CASE WHEN v.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(v.grantee)) END || ' CASCADE'
  FROM revocation v WHERE v.target LIKE 'TABLE %' OR v.target LIKE 'TYPE %'
  UNION ALL
  SELECT 20, a.attnum, 0,
         format('ALTER TABLE %s ALTER COLUMN %s ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s START WITH %s INCREMENT BY %s '
                'MINVALUE %s MAXVALUE %s CACHE %s %s)',
                r.clone, a.qcol, CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, s.clone, s.seqstart,
                s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END)
  FROM rel r, col a JOIN identity_sequence s ON s.qcol = a.qcol
  UNION ALL
  SELECT 21, 0, 0, 'COMMENT ON SEQUENCE ' || s.clone || ' IS ' || quote_literal(obj_description(s.oid, 'pg_class'))
  FROM identity_sequence s WHERE obj_description(s.oid, 'pg_class') IS NOT NULL
  UNION ALL
  SELECT 22, 0, 0, 'REVOKE ALL ON ' || v.target || ' FROM '
                   || CASE WHEN v.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(v.grantee)) END || ' CASCADE'
  FROM revocation v WHERE v.target LIKE 'SEQUENCE %'
  UNION ALL
  -- LIKE does this for a table.
  SELECT 23, a.attnum, v.step, format('ALTER MATERIALIZED VIEW %s ALTER COLUMN %s SET %s', r.clone, a.qcol, v.sql)
  FROM rel r, col a JOIN pg_type t ON t.oid = a.atttypid,
       LATERAL (VALUES
         (0, 'STORAGE ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END,
          a.attstorage <> t.typstorage),
         (1, 'COMPRESSION ' || CASE a.attcompression WHEN 'p' THEN 'pglz' ELSE 'lz4' END, a.attcompression <> '')) v(step, sql, needed)
  WHERE r.relkind = 'm' AND v.needed
  UNION ALL
  SELECT 25, a.attnum, 0, format('ALTER TABLE %s ALTER COLUMN %s SET STATISTICS %s', r.clone, a.qcol,
                                 to_jsonb(a)->>'attstattarget')
  FROM rel r, col a WHERE to_jsonb(a)->>'attstattarget' <> '-1'
  UNION ALL
  SELECT 26, a.attnum, 0, format('ALTER TABLE %s ALTER COLUMN %s SET (%s)', r.clone, a.qcol,
                                 string_agg(quote_ident(x.option_name) || ' = ' || quote_literal(x.option_value), ', '))
  FROM rel r, col a, pg_options_to_table(a.attoptions) x
  WHERE x.option_name <> 'pg_attver'
  GROUP BY r.clone, a.qcol, a.attnum
  UNION ALL
  SELECT 27, a.attnum, 0, format('COMMENT ON COLUMN %s.%s IS %L', r.clone, a.qcol, col_description(r.oid, a.attnum))
  FROM rel r, col a WHERE col_description(r.oid, a.attnum) IS NOT NULL
  UNION ALL
  -- LIKE copies a CHECK or (from 18 on) a NOT NULL that is NOT VALID as a valid one.
  SELECT 30, dense_rank() OVER (ORDER BY k.conname COLLATE "C"), v.step, 'ALTER TABLE ' || r.clone || v.sql
  FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('c', 'n') AND NOT k.convalidated,
       LATERAL (VALUES (0, ' DROP CONSTRAINT ' || quote_ident(k.conname)),
                       (1, ' ADD CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid))) v(step, sql)
  UNION ALL
  SELECT 40, i.pos, v.step, v.sql
  FROM rel r, idx i,
       LATERAL (VALUES
         (0, 'SET LOCAL default_tablespace = ' || quote_literal(i.spcname), i.spcname IS NOT NULL),
         (1, i.create_sql, true),
         (2, 'SET LOCAL default_tablespace = ''''', i.spcname IS NOT NULL),
         (3, format('ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s%s', r.clone, i.qidx,
                    CASE i.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, i.qidx,
                    CASE WHEN i.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED'
                         WHEN i.condeferrable THEN ' DEFERRABLE' ELSE '' END), i.conid IS NOT NULL AND NOT i.indisexclusion),
         (4, 'COMMENT ON INDEX ' || i.clone_idx || ' IS ' || quote_literal(obj_description(i.indexrelid, 'pg_class')),
          obj_description(i.indexrelid, 'pg_class') IS NOT NULL),
         (5, 'ALTER TABLE ' || r.clone || ' CLUSTER ON ' || i.qidx, i.indisclustered),
         (6, 'ALTER TABLE ' || r.clone || ' REPLICA IDENTITY USING INDEX ' || i.qidx,
          i.indisreplident AND r.relreplident = 'i')) v(step, sql, needed)
  WHERE v.needed
  UNION ALL
  SELECT 41, i.pos, a.attnum, format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', i.clone_idx, a.attnum,
                                     to_jsonb(a)->>'attstattarget')
  FROM idx i JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum > 0
  WHERE to_jsonb(a)->>'attstattarget' <> '-1'
  UNION ALL
  SELECT 45, 0, 0, format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, r.clone, obj_description(k.oid, 'pg_constraint'))
  FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype NOT IN ('f', 't')
  WHERE obj_description(k.oid, 'pg_constraint') IS NOT NULL
  UNION ALL
  SELECT 50, dense_rank() OVER (ORDER BY s.stxname COLLATE "C"), v.step, v.sql
  FROM rel r JOIN pg_statistic_ext s ON s.stxrelid = r.oid,
       LATERAL (SELECT r.target || '.' || quote_ident(s.stxname) AS clone,
                       (SELECT ' (' || string_agg(CASE e WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies' ELSE 'mcv' END,
                                                  ', ') || ')'
                        FROM unnest(s.stxkind) e WHERE e <> 'e') AS kinds) o,
       LATERAL (VALUES
         (0, format('CREATE STATISTICS %s%s ON %s FROM %s', o.clone, o.kinds, pg_get_statisticsobjdef_columns(s.oid), r.clone),
          true),
         (1, format('ALTER STATISTICS %s SET STATISTICS %s', o.clone, to_jsonb(s)->>'stxstattarget'),
          to_jsonb(s)->>'stxstattarget' <> '-1'),
         (2, format('COMMENT ON STATISTICS %s IS %L', o.clone, obj_description(s.oid, 'pg_statistic_ext')),
          obj_description(s.oid, 'pg_statistic_ext') IS NOT NULL)) v(step, sql, needed)
  WHERE v.needed
  UNION ALL
  SELECT 60, 0, v.step, 'ALTER TABLE ' || r.clone || v.sql
  FROM rel r,
       LATERAL (VALUES (0, ' REPLICA IDENTITY FULL', r.relreplident = 'f'),
                       (1, ' REPLICA IDENTITY NOTHING', r.relreplident = 'n'),
                       (2, ' ENABLE ROW LEVEL SECURITY', r.relrowsecurity),
                       (3, ' FORCE ROW LEVEL SECURITY', r.relforcerowsecurity)) v(step, sql, needed)
  WHERE v.needed
  UNION ALL
  SELECT 61, 0, 1, format('COMMENT ON TYPE %s IS %L', v.name, obj_description(v.oid, 'pg_type'))
  FROM rel r JOIN pg_type t ON t.oid = r.reltype,
       LATERAL (VALUES (t.oid, r.clone), (t.typarray, r.clone || '[]')) v(oid, name)
  WHERE obj_description(v.oid, 'pg_type') IS NOT NULL
  UNION ALL
  SELECT 61, 0, 0, format('COMMENT ON %s %s IS %L', r.what, r.clone, obj_description(r.oid, 'pg_class'))
  FROM rel r WHERE obj_description(r.oid, 'pg_class') IS NOT NULL
  UNION ALL
  -- A grant keeps its grantor: it is given by that role, which needs to see our schema for the moment.
  SELECT 70 + b.level, dense_rank() OVER (ORDER BY b.level, b.target, b.pos, b.grantor, b.grantee, b.is_grantable), v.step, v.sql
  FROM rel r, grant_batch b,
       LATERAL (SELECT quote_ident(pg_get_userbyid(b.grantor)) AS grantor_name) n,
       LATERAL (VALUES
         (0, format('GRANT USAGE ON SCHEMA %s TO %s', r.target, n.grantor_name), b.grantor <> r.relowner),
         (1, 'SET LOCAL ROLE ' || n.grantor_name, b.grantor <> r.relowner),
         (2, format('GRANT %s ON %s TO %s%s', b.what, b.target,
                    CASE WHEN b.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(b.grantee)) END,
                    CASE WHEN b.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), true),
         (3, 'SET LOCAL ROLE ' || r.owner_name, b.grantor <> r.relowner),
         (4, format('REVOKE USAGE ON SCHEMA %s FROM %s', r.target, n.grantor_name), b.grantor <> r.relowner))
         v(step, sql, needed)
  WHERE v.needed
)
SELECT (row_number() OVER (ORDER BY phase, pos, step, sql COLLATE "C"))::int AS ord, sql
FROM script
ORDER BY 1
