/* pgmoult:prepare */
-- What gives current_user the right that the message $1 of the server says it lacks, as SQL; where it is not known, as words.
-- The message names a function without its arguments: all that bear the name and may not be called are given.
WITH denied AS (
  SELECT m[1] AS kind, m[2] AS name FROM regexp_match($1, '^permission denied for (\w+) (.*)$') m
)
SELECT coalesce(CASE d.kind
         WHEN 'function' THEN
           (SELECT string_agg(format('GRANT EXECUTE ON FUNCTION %s TO %I', p.oid::regprocedure, current_user), '; '
                              ORDER BY p.oid::regprocedure::text)
            FROM pg_proc p WHERE p.proname = d.name AND NOT has_function_privilege(p.oid, 'EXECUTE'))
         WHEN 'schema' THEN
           (SELECT format('GRANT %s ON SCHEMA %I TO %I',
                          CASE WHEN has_schema_privilege(n.oid, 'USAGE') THEN 'CREATE' ELSE 'USAGE' END, n.nspname, current_user)
            FROM pg_namespace n WHERE n.nspname = d.name)
         WHEN 'type' THEN format('GRANT USAGE ON TYPE %s TO %I', d.name, current_user)
         WHEN 'tablespace' THEN format('GRANT CREATE ON TABLESPACE %I TO %I', d.name, current_user) END,
         format('give this right to %I', current_user))
FROM (SELECT 1) one LEFT JOIN denied d ON true
