/* pgmoult:catalog */
-- The statements (ord, sql) that build, as $2.<same name>, an empty stand-in of the partitioned table $1 (an OID): what of it a
-- partition inherits or has to match, that is columns, CHECKs, partition key and indexes with their constraints. To be run in
-- order as the owner of the partition's clone, who need have no right on the partitioned table, with search_path = pg_catalog.
-- Row triggers are left out: no change of a partition concerns those that it inherits.
-- A NULL in sql means that a definition did not have the form this text expects: an internal error, run nothing.
WITH rel AS (
  SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS qname,
         quote_ident($2::text) || '.' || quote_ident(c.relname) AS clone
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = $1::oid
),
col AS (
  SELECT a.attnum,
         concat(quote_ident(a.attname), ' ', format_type(a.atttypid, a.atttypmod),
                ' COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname),
                CASE a.attgenerated WHEN 's' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') STORED'
                                    WHEN 'v' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') VIRTUAL' END,
                CASE WHEN a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k
                                                       WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum
                                                         AND NOT k.convalidated) THEN ' NOT NULL' END,
                -- Before 17 partitions do not inherit it.
                CASE WHEN a.attidentity <> '' AND current_setting('server_version_num')::int >= 170000
                     THEN ' GENERATED ' || CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END || ' AS IDENTITY' END) AS text
  FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
),
script (phase, oid, name, sql) AS (
  SELECT 1, 0::oid, '', format('CREATE TABLE %s (%s) PARTITION BY %s', r.clone, (SELECT string_agg(c.text, ', ' ORDER BY c.attnum) FROM col c),
                       pg_get_partkeydef(r.oid))
  FROM rel r
  UNION ALL
  SELECT 2, 0, k.conname, format('ALTER TABLE %s ADD CONSTRAINT %I %s', r.clone, k.conname, pg_get_constraintdef(k.oid))
  FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid AND (k.contype = 'c' OR k.contype = 'n' AND NOT k.convalidated)
  UNION ALL
  SELECT 3, ic.oid, ic.relname,
         CASE WHEN k.oid IS NOT NULL
              THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', r.clone, k.conname, pg_get_constraintdef(k.oid))
              WHEN left(d.def, length(d.head || r.qname || ' USING ')) = d.head || r.qname || ' USING '
              THEN d.head || r.clone || ' USING ' || substr(d.def, length(d.head || r.qname || ' USING ') + 1) END
  FROM rel r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class ic ON ic.oid = x.indexrelid
  LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = r.oid AND k.contype IN ('p', 'u', 'x'),
       LATERAL (SELECT pg_get_indexdef(ic.oid) AS def,
                       concat('CREATE ', CASE WHEN x.indisunique THEN 'UNIQUE ' END, 'INDEX ', quote_ident(ic.relname), ' ON ONLY ') AS head) d
)
SELECT (row_number() OVER (ORDER BY phase, oid, name COLLATE "C"))::int AS ord, sql
FROM script
ORDER BY 1
