/* pgmoult:catalog */
-- Sequences owned by columns of table $1 through OWNED BY (serial), with the column's number among live columns.
SELECT n.nspname::text, s.relname::text,
       (SELECT count(*) FROM pg_attribute a
        WHERE a.attrelid = d.refobjid AND a.attnum BETWEEN 1 AND d.refobjsubid AND NOT a.attisdropped)::int8
FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_namespace n ON n.oid = s.relnamespace
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::oid
  AND d.deptype = 'a' AND d.refobjsubid > 0
ORDER BY 3, 1, 2
