/* pgmoult:catalog */
-- The live columns of table $1, in order.
SELECT a.attnum, a.attname::text, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, -1),
       coalesce((SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
                 FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
                 WHERE co.oid = a.attcollation), ''),
       a.attnotnull, a.attgenerated::text, a.attidentity::text, pg_get_expr(d.adbin, d.adrelid),
       CASE WHEN a.atthasmissing THEN a.attmissingval::text END, t.typtype = 'd',
       coalesce(e.typsend, t.typsend) <> 0 AND t.typsend <> 0,
       t.typelem <> 0 AND t.typlen = -1 AND a.atttypmod <> -1 AND EXISTS (
         SELECT FROM pg_cast k JOIN pg_proc p ON p.oid = k.castfunc
         WHERE k.castsource = t.typelem AND k.casttarget = t.typelem AND p.pronargs = 3)
       OR EXISTS (
         WITH RECURSIVE domain AS (
           SELECT d.typbasetype, d.typtypmod FROM pg_type d
           WHERE d.typtype = 'd' AND d.oid IN (t.oid, CASE WHEN t.typlen = -1 THEN t.typelem END)
           UNION ALL
           SELECT d.typbasetype, d.typtypmod FROM domain JOIN pg_type d ON d.oid = domain.typbasetype WHERE d.typtype = 'd')
         SELECT FROM domain JOIN pg_type b ON b.oid = domain.typbasetype
         JOIN pg_cast k ON k.castsource = k.casttarget AND k.castsource IN (b.oid, b.typelem)
         JOIN pg_proc p ON p.oid = k.castfunc AND p.pronargs = 3
         WHERE domain.typtypmod <> -1),
       CASE WHEN a.atttypmod <> -1 AND lf.oid IS NOT NULL
            THEN quote_ident(fn.nspname) || '."' || lf.proname || '"' ELSE '' END,
       CASE WHEN a.atttypmod <> -1 THEN coalesce(lf.pronargs, 0) ELSE 0 END, a.atttypmod
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typlen = -1
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_cast k ON k.castsource = a.atttypid AND k.casttarget = a.atttypid AND k.castfunc <> 0
LEFT JOIN pg_proc lf ON lf.oid = k.castfunc
LEFT JOIN pg_namespace fn ON fn.oid = lf.pronamespace
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
