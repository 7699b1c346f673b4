/* pgmoult:catalog */
-- Names that table $2 brings into the schema of table $1 in the swap, and that something has there already and keeps:
-- indexes and sequences of $2 against relations of that schema that do not leave it with $1. Its own indexes and
-- sequences do, but for the sequences $3 (schemas) . $4 (names), which are handed over to $2.
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
                    AND (n.nspname, taken.relname) NOT IN (SELECT * FROM unnest($3::text[], $4::text[]))
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = source.oid AND d.deptype IN ('a', 'i'))
ORDER BY 1
