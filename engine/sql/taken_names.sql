/* pgmoult:catalog */
-- Names that table $2 brings into the schema of table $1 in the swap, and that something else has there already: indexes
-- and sequences of $2 against relations of that schema that are neither $1 nor indexes and sequences of its own.
SELECT CASE brought.relkind WHEN 'S' THEN 'sequence ' ELSE 'index ' END || quote_ident(brought.relname),
       quote_ident(n.nspname),
       CASE taken.relkind WHEN 'i' THEN 'an index of ' || (SELECT x.indrelid::regclass::text FROM pg_index x
                                                           WHERE x.indexrelid = taken.oid)
            ELSE taken.oid::regclass::text END
FROM pg_class source
JOIN pg_namespace n ON n.oid = source.relnamespace
CROSS JOIN pg_class shadow
JOIN pg_class brought ON brought.relnamespace = shadow.relnamespace AND brought.relkind IN ('i', 'S')
  AND (brought.oid IN (SELECT x.indexrelid FROM pg_index x WHERE x.indrelid = shadow.oid)
       OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = brought.oid
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = shadow.oid AND d.deptype IN ('a', 'i')))
JOIN pg_class taken ON taken.relnamespace = source.relnamespace AND taken.relname = brought.relname
WHERE source.oid = $1::oid AND shadow.oid = $2::oid AND taken.oid <> source.oid
  AND NOT EXISTS (SELECT FROM pg_index x WHERE x.indexrelid = taken.oid AND x.indrelid = source.oid)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = taken.oid
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = source.oid AND d.deptype IN ('a', 'i'))
ORDER BY 1
