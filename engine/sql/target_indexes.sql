-- What is dropped from the empty shadow table $1 (an OID) before the copy and built again later, one row per object:
-- kind 'index' (with or without a constraint on it), 'exclusion' (also WITHOUT OVERLAPS keys), 'not_valid_check' (a CHECK or
-- NOT NULL that old rows may violate: absent during the copy, added NOT VALID before the exchange of names).
-- create_sql and after_sql (in order) name this table in its present schema. Where tablespace is not NULL, create_sql is to run
-- under SET LOCAL default_tablespace. key_columns is NULL if a key is an expression. A NULL create_sql is an internal error.
WITH rel AS (
  SELECT c.oid, c.relreplident, quote_ident(n.nspname) AS qschema, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS qname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = $1::oid
),
idx AS (
  SELECT x.*, ic.relname, r.qschema || '.' || quote_ident(ic.relname) AS qidx, ts.spcname, r.qname, r.relreplident,
         k.oid AS conid, k.conname, k.contype, coalesce(k.condeferrable, false) AS condeferrable,
         coalesce(k.condeferred, false) AS condeferred
  FROM rel r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class ic ON ic.oid = x.indexrelid
  LEFT JOIN pg_tablespace ts ON ts.oid = ic.reltablespace
  LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = r.oid AND k.contype IN ('p', 'u', 'x')
)
SELECT CASE WHEN i.indisexclusion THEN 'exclusion' ELSE 'index' END AS kind,
       i.relname::text AS name,
       i.indisunique AS is_unique,
       i.indisprimary AS is_primary,
       i.indisexclusion AS is_exclusion,
       i.conname::text AS constraint_name,
       i.condeferrable AS is_deferrable,
       i.condeferred AS is_deferred,
       (SELECT CASE WHEN bool_and(a.attname IS NOT NULL) THEN array_agg(a.attname::text ORDER BY key.pos) END
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY key(attnum, pos)
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.attnum AND key.attnum <> 0
        WHERE key.pos <= i.indnkeyatts) AS key_columns,
       i.indpred IS NOT NULL AS is_partial,
       CASE WHEN i.indisexclusion
            THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', i.qname, i.conname, pg_get_constraintdef(i.conid))
            ELSE pg_get_indexdef(i.indexrelid) END AS create_sql,
       i.spcname::text AS tablespace,
       array_remove(ARRAY[
         CASE WHEN i.conid IS NOT NULL AND NOT i.indisexclusion
              THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %I%s', i.qname, i.conname,
                          CASE i.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, i.relname,
                          CASE WHEN i.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED'
                               WHEN i.condeferrable THEN ' DEFERRABLE' ELSE '' END) END,
         'COMMENT ON INDEX ' || i.qidx || ' IS ' || quote_literal(obj_description(i.indexrelid, 'pg_class')),
         'COMMENT ON CONSTRAINT ' || quote_ident(i.conname) || ' ON ' || i.qname || ' IS '
           || quote_literal(obj_description(i.conid, 'pg_constraint')),
         CASE WHEN i.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', i.qname, i.relname) END,
         CASE WHEN i.indisreplident AND i.relreplident = 'i'
              THEN format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', i.qname, i.relname) END], NULL)
       || ARRAY(SELECT format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', i.qidx, a.attnum, to_jsonb(a)->>'attstattarget')
                FROM pg_attribute a
                WHERE a.attrelid = i.indexrelid AND a.attnum > 0 AND to_jsonb(a)->>'attstattarget' <> '-1'
                ORDER BY a.attnum) AS after_sql,
       CASE WHEN i.conid IS NOT NULL THEN format('ALTER TABLE %s DROP CONSTRAINT %I', i.qname, i.conname)
            ELSE 'DROP INDEX ' || i.qidx END AS drop_sql
FROM idx i
UNION ALL
SELECT 'not_valid_check', k.conname::text, false, false, false, k.conname::text, false, false, NULL, false,
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', r.qname, k.conname, pg_get_constraintdef(k.oid)), NULL,
       array_remove(ARRAY['COMMENT ON CONSTRAINT ' || quote_ident(k.conname) || ' ON ' || r.qname || ' IS '
                          || quote_literal(obj_description(k.oid, 'pg_constraint'))], NULL),
       format('ALTER TABLE %s DROP CONSTRAINT %I', r.qname, k.conname)
FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('c', 'n') AND NOT k.convalidated
WHERE coalesce(to_jsonb(k)->>'conenforced', 'true') = 'true'
ORDER BY is_primary DESC, is_unique DESC, kind, name
