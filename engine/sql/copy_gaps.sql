-- {0}: a key's scan order over text arrays, e.g. (k[1])::bigint ASC; {1}: the migration.
-- Rows: every finished chunk in scan order of its lower bound, the first (unbounded) one first.
SELECT c.lower_key, c.upper_key, c.rows, c.number
FROM pgmoult.chunk c CROSS JOIN LATERAL (SELECT coalesce(c.lower_key, '{{}}') AS k) AS key
WHERE c.migration = {1}
ORDER BY c.lower_key IS NOT NULL, {0}
