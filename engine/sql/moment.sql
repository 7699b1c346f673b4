/* pgmoult:catalog */
-- What the view $1 calls whose result differs from call to call, or from session to session, as text for people; '' where
-- nothing does. Pinned functions leave no trace in pg_depend, so the stored parse tree itself is read.
WITH tree AS (
  SELECT r.ev_action::text AS text FROM pg_rewrite r WHERE r.ev_class = $1::regclass
),
called AS (
  SELECT m.id[1]::oid AS oid FROM tree, regexp_matches(tree.text, ':(?:op)?funcid (\d+)', 'g') AS m(id)
  UNION
  SELECT o.oprcode::oid FROM tree, regexp_matches(tree.text, ':opno (\d+)', 'g') AS m(id)
  JOIN pg_operator o ON o.oid = m.id[1]::oid
)
SELECT coalesce(string_agg(what, ', ' ORDER BY what), '')
FROM (
  SELECT p.proname || '()' AS what
  FROM called c JOIN pg_proc p ON p.oid = c.oid
  WHERE p.provolatile = 'v'
     OR (p.proname = 'age' AND p.pronargs = 1 AND p.pronamespace = 'pg_catalog'::regnamespace)
     OR p.oid::regprocedure::text IN ('now()', 'statement_timestamp()', 'transaction_timestamp()',
                                      'pg_current_xact_id()', 'txid_current()')
  UNION
  SELECT 'CURRENT_…' FROM tree WHERE tree.text LIKE '%{SQLVALUEFUNCTION %'
) AS found
