/* pgmoult:catalog */
-- For each dependent in $3 (a JSON array of {kind, oid}, of dependents_of.sql) of the table $1 (an OID) a dependent of the same
-- kind of the table's empty clone $2.<same name>: PostgreSQL itself then says what the change does to it. One row each: kind, oid,
-- owner (who makes it; '' for the login), scratch (the schema for it: name and number), real and clone (qualified names of what
-- stands for the dependent's relation or function), the statements. A row of kind 'table' has the names of the table itself.
-- To be read with the table's schema as the search_path, and the statements to be run with $2 before it (see attached.sql).
-- A NULL statement means that a definition did not have the form this text expects: an internal error, run nothing.
WITH rel AS (
  SELECT c.*, quote_ident($2::text) || '.' || quote_ident(c.relname) AS clone,
         quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS qname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = $1::oid
),
item AS (
  SELECT x.kind, x.oid, x.pos FROM ROWS FROM (jsonb_to_recordset($3::jsonb) AS (kind text, oid oid)) WITH ORDINALITY x(kind, oid, pos)
),
-- What bears the dependent: the relation or function that needs a stand-in.
bearer AS (
  SELECT i.kind, i.oid, c.oid AS relid, c.relname AS name, c.relowner AS owner, n.nspname,
         CASE WHEN k.conrelid = $1::oid AND k.confrelid <> $1::oid THEN 'out' WHEN k.oid IS NOT NULL THEN 'in' END AS way
  FROM item i
  LEFT JOIN pg_rewrite w ON i.kind = 'rule' AND w.oid = i.oid
  LEFT JOIN pg_policy p ON i.kind = 'policy' AND p.oid = i.oid
  LEFT JOIN pg_constraint k ON i.kind = 'foreign key' AND k.oid = i.oid
  JOIN pg_class c ON c.oid = coalesce(w.ev_class, p.polrelid, CASE WHEN k.conrelid = $1::oid THEN k.confrelid ELSE k.conrelid END,
                                      CASE WHEN i.kind IN ('view', 'materialized view') THEN i.oid END)
  JOIN pg_namespace n ON n.oid = c.relnamespace
  UNION ALL
  SELECT i.kind, i.oid, NULL, f.proname, f.proowner, n.nspname, NULL
  FROM item i JOIN pg_proc f ON i.kind = 'function' AND f.oid = i.oid JOIN pg_namespace n ON n.oid = f.pronamespace
),
placed AS (
  SELECT b.*, row_number() OVER (PARTITION BY b.name, b.kind = 'materialized view' ORDER BY b.kind, b.oid) AS place
  FROM bearer b
),
named AS (
  -- What reads a materialized view by its bare name must find its clone beside the table's.
  SELECT p.*, CASE WHEN p.kind = 'materialized view' THEN '' ELSE $2::text || '_' || p.place END AS scratch,
         quote_ident(p.nspname) || '.' || quote_ident(p.name) AS real,
         quote_ident(CASE WHEN p.kind = 'materialized view' THEN $2::text ELSE $2::text || '_' || p.place END)
           || '.' || quote_ident(p.name) AS clone,
         pg_get_userbyid(p.owner)::text AS owner_name
  FROM placed p
),
-- The columns of a relation as a table's; of a foreign key only those it needs.
col AS (
  SELECT n.kind, n.oid, string_agg(format('%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                                          CASE WHEN a.attcollation <> 0 THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END),
                                   ', ' ORDER BY a.attnum) AS text
  FROM named n JOIN pg_attribute a ON a.attrelid = n.relid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_constraint k ON n.kind = 'foreign key' AND k.oid = n.oid
  WHERE k.oid IS NULL OR a.attnum = ANY (CASE n.way WHEN 'out' THEN k.confkey ELSE k.conkey END)
  GROUP BY n.kind, n.oid
),
fk AS (
  SELECT k.*, pg_get_constraintdef(k.oid) AS def,
         format('FOREIGN KEY (%s) REFERENCES %s(',
                (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY o.pos)
                 FROM unnest(k.conkey) WITH ORDINALITY o(attnum, pos)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum), k.confrelid::regclass) AS head,
         (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY o.pos)
          FROM unnest(k.confkey) WITH ORDINALITY o(attnum, pos)
          JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.attnum) AS key,
         (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY o.pos)
          FROM unnest(k.conkey) WITH ORDINALITY o(attnum, pos)
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum) AS columns
  FROM item i JOIN pg_constraint k ON i.kind = 'foreign key' AND k.oid = i.oid
),
script AS (
SELECT 'table' AS kind, r.oid, '' AS owner, '' AS scratch, r.qname AS real, r.clone, '{}'::text[] AS statements
FROM rel r
UNION ALL
-- A view stands in for a materialized one, too: it is about what they read.
SELECT n.kind, n.oid, n.owner_name, n.scratch, n.real, n.clone,
       ARRAY[format('CREATE VIEW %s AS %s', n.clone, pg_get_viewdef(n.oid))]
FROM named n WHERE n.kind IN ('view', 'materialized view')
UNION ALL
SELECT n.kind, n.oid, n.owner_name, n.scratch, n.real, n.clone,
       ARRAY[format('CREATE TABLE %s (%s)', n.clone, c.text),
             CASE WHEN left(d.def, length(d.head || n.real)) = d.head || n.real
                  THEN d.head || n.clone || substr(d.def, length(d.head || n.real) + 1) END]
FROM named n JOIN col c USING (kind, oid) JOIN pg_rewrite w ON w.oid = n.oid,
     LATERAL (SELECT pg_get_ruledef(w.oid) AS def,
                     concat('CREATE RULE ', quote_ident(w.rulename), E' AS\n    ON ',
                            CASE w.ev_type WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' WHEN '4' THEN 'DELETE' END, ' TO ') AS head) d
WHERE n.kind = 'rule'
UNION ALL
SELECT n.kind, n.oid, n.owner_name, n.scratch, n.real, n.clone,
       ARRAY[format('CREATE TABLE %s (%s)', n.clone, c.text),
             format('CREATE POLICY %I ON %s FOR %s TO PUBLIC%s%s', p.polname, n.clone,
                    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                                  ELSE 'ALL' END,
                    ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                    ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')]
FROM named n JOIN col c USING (kind, oid) JOIN pg_policy p ON p.oid = n.oid
WHERE n.kind = 'policy'
UNION ALL
SELECT n.kind, n.oid, n.owner_name, n.scratch, n.real, n.clone,
       ARRAY[CASE WHEN left(d.def, length(d.head || n.real || '(')) = d.head || n.real || '('
                  THEN d.head || n.clone || substr(d.def, length(d.head || n.real) + 1) END]
FROM named n JOIN pg_proc f ON f.oid = n.oid,
     LATERAL (SELECT pg_get_functiondef(f.oid) AS def,
                     'CREATE OR REPLACE ' || CASE f.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END AS head) d
WHERE n.kind = 'function'
UNION ALL
-- Out of the table: the clone references a stand-in of the other table, which has the key and nothing else.
SELECT n.kind, n.oid, (SELECT pg_get_userbyid(r.relowner)::text FROM rel r), n.scratch, n.real, n.clone,
       ARRAY[format('CREATE TABLE %s (%s, UNIQUE (%s))', n.clone, c.text, k.key),
             CASE WHEN left(k.def, length(k.head)) = k.head
                  THEN format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s(%s', (SELECT r.clone FROM rel r),
                              k.conname, k.columns, n.clone, substr(k.def, length(k.head) + 1)) END]
       || CASE WHEN obj_description(k.oid, 'pg_constraint') IS NOT NULL
               THEN ARRAY[format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, (SELECT r.clone FROM rel r),
                                 obj_description(k.oid, 'pg_constraint'))] ELSE '{}' END
FROM named n JOIN col c USING (kind, oid) JOIN fk k ON k.oid = n.oid
WHERE n.kind = 'foreign key' AND n.way = 'out'
UNION ALL
-- Into the table: a stand-in of the other table, which has the columns and nothing else. To itself: the clone itself.
SELECT n.kind, n.oid, n.owner_name, n.scratch, n.real, CASE WHEN n.relid = $1::oid THEN (SELECT r.clone FROM rel r) ELSE n.clone END,
       CASE WHEN n.relid = $1::oid THEN '{}' ELSE ARRAY[format('CREATE TABLE %s (%s)', n.clone, c.text)] END
       || ARRAY[CASE WHEN left(k.def, length(k.head)) = k.head
                     THEN format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s(%s',
                                 CASE WHEN n.relid = $1::oid THEN (SELECT r.clone FROM rel r) ELSE n.clone END, k.conname,
                                 k.columns, (SELECT r.clone FROM rel r), substr(k.def, length(k.head) + 1)) END]
       || CASE WHEN n.relid = $1::oid AND obj_description(k.oid, 'pg_constraint') IS NOT NULL
               THEN ARRAY[format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, (SELECT r.clone FROM rel r),
                                 obj_description(k.oid, 'pg_constraint'))] ELSE '{}' END
FROM named n JOIN col c USING (kind, oid) JOIN fk k ON k.oid = n.oid
WHERE n.kind = 'foreign key' AND n.way = 'in'
UNION ALL
-- A publication is a thing of the database: the stand-in has a name of ours, and is gone before anybody else can see it.
SELECT i.kind, i.oid, '', '', quote_ident(b.pubname), quote_ident($2::text || '_' || i.oid),
       ARRAY[format('CREATE PUBLICATION %I FOR TABLE %s%s%s', $2::text || '_' || i.oid, r.clone,
                    ' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                             FROM jsonb_array_elements_text(nullif(to_jsonb(m)->'prattrs', 'null')) x(attnum)
                             JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = x.attnum::int2) || ')',
                    ' WHERE (' || (SELECT to_jsonb(p)->>'rowfilter' FROM pg_publication_tables p JOIN pg_namespace n
                                     ON n.nspname = p.schemaname AND n.oid = r.relnamespace
                                   WHERE p.pubname = b.pubname AND p.tablename = r.relname) || ')')]
FROM rel r, item i JOIN pg_publication_rel m ON m.oid = i.oid JOIN pg_publication b ON b.oid = m.prpubid
WHERE i.kind = 'publication'
)
SELECT s.kind, s.oid, s.owner, s.scratch, s.real, s.clone, s.statements
FROM script s LEFT JOIN item i ON i.kind = s.kind AND i.oid = s.oid
ORDER BY i.pos NULLS FIRST
