/* pgmoult:catalog */
-- Unique indexes of table $1, the primary key first, then by size; one row an index column.
SELECT ic.relname::text, x.indisprimary,
       CASE WHEN x.indpred IS NOT NULL THEN 'it is partial'
            WHEN x.indexprs IS NOT NULL THEN 'it has an expression'
            WHEN NOT x.indisvalid THEN 'it is invalid'
            WHEN NOT x.indimmediate THEN 'it is deferrable'
            WHEN EXISTS (SELECT FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(num, pos)
                         JOIN pg_attribute b ON b.attrelid = x.indrelid AND b.attnum = k.num
                         WHERE k.pos <= x.indnkeyatts AND NOT b.attnotnull) THEN 'a column of it is not NOT NULL'
            WHEN EXISTS (SELECT FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(num, pos)
                         JOIN pg_attribute b ON b.attrelid = x.indrelid AND b.attnum = k.num
                         JOIN pg_type t ON t.oid = b.atttypid
                         WHERE k.pos <= x.indnkeyatts
                           AND (t.typcategory IN ('A', 'C') OR t.typtype = 'c' OR t.typsend = 0 OR EXISTS (
                             WITH RECURSIVE domain AS (
                               SELECT t.oid, t.typnotnull, t.typbasetype
                               UNION ALL
                               SELECT d.oid, d.typnotnull, d.typbasetype
                               FROM domain JOIN pg_type d ON d.oid = domain.typbasetype)
                             SELECT FROM domain WHERE domain.typnotnull)))
            THEN 'a column of it is an array, a composite, a NOT NULL domain or has no binary form'
            WHEN NOT EXISTS (SELECT FROM pg_am am WHERE am.oid = ic.relam AND am.amname = 'btree') THEN 'it is no btree'
            WHEN EXISTS (SELECT FROM unnest(x.indoption::int2[]) o WHERE o IN (1, 2)) THEN 'its NULLS order is not the default'
            WHEN EXISTS (SELECT FROM unnest(x.indkey::int2[], x.indcollation::oid[]) WITH ORDINALITY k(num, coll, pos)
                         JOIN pg_attribute b ON b.attrelid = x.indrelid AND b.attnum = k.num
                         WHERE k.pos <= x.indnkeyatts AND b.attcollation <> k.coll) THEN 'its collation is not the column''s'
            -- A value that is written as its type has the type's own collation, which would contradict the column's.
            WHEN EXISTS (SELECT FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(num, pos)
                         JOIN pg_attribute b ON b.attrelid = x.indrelid AND b.attnum = k.num
                         JOIN pg_type t ON t.oid = b.atttypid
                         WHERE k.pos <= x.indnkeyatts AND t.typcollation NOT IN (0, 'pg_catalog."default"'::regcollation)
                           AND b.attcollation <> t.typcollation) THEN 'a column''s collation is not that of its type'
            ELSE '' END,
       pg_relation_size(ic.oid), coalesce(a.attname::text, ''), coalesce(format_type(a.atttypid, -1), ''),
       coalesce((SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
                 FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
                 WHERE co.oid = a.attcollation), ''), opn.nspname::text,
       max(o.oprname::text) FILTER (WHERE am.amopstrategy = 1), max(o.oprname::text) FILTER (WHERE am.amopstrategy = 2),
       max(o.oprname::text) FILTER (WHERE am.amopstrategy = 5), max(o.oprname::text) FILTER (WHERE am.amopstrategy = 4),
       max(o.oprname::text) FILTER (WHERE am.amopstrategy = 3),
       x.indoption[k.pos - 1] & 1 = 1
FROM pg_index x
JOIN pg_class ic ON ic.oid = x.indexrelid
CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY k(num, pos)
LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.num  -- none for an expression
JOIN pg_opclass oc ON oc.oid = x.indclass[k.pos - 1]
LEFT JOIN pg_amop am ON am.amopfamily = oc.opcfamily AND am.amoplefttype = oc.opcintype
                    AND am.amoprighttype = oc.opcintype AND am.amoppurpose = 's'
LEFT JOIN pg_operator o ON o.oid = am.amopopr
LEFT JOIN pg_namespace opn ON opn.oid = o.oprnamespace
WHERE x.indrelid = $1::oid AND x.indisunique AND k.pos <= x.indnkeyatts
GROUP BY ic.oid, ic.relname, ic.relam, x.indisprimary, x.indrelid, x.indpred, x.indexprs, x.indisvalid, x.indimmediate,
         x.indkey, x.indnkeyatts, x.indoption, x.indcollation, a.attname, a.atttypid, a.attcollation, opn.nspname, k.pos
ORDER BY x.indisprimary DESC, pg_relation_size(ic.oid), ic.relname, k.pos
