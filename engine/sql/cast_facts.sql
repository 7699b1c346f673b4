/* pgmoult:catalog */
-- From column ($1, $2) to column ($3, $4): is the cast immutable, can it fail on no value, does it keep the order?
WITH f AS (SELECT a.atttypid AS oid, a.atttypmod AS modifier, a.attcollation AS coll, t.typbasetype, t.typname
           FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = $1::oid AND a.attnum = $2::int2),
     t AS (SELECT a.atttypid AS oid, a.atttypmod AS modifier, a.attcollation AS coll, t.typtype, t.typname
           FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = $3::oid AND a.attnum = $4::int2),
     k AS (SELECT c.* FROM pg_cast c, f, t WHERE c.castsource = f.oid AND c.casttarget = t.oid)
SELECT -- Binary-coercible, or a cast function that is immutable; a cast through text depends on settings.
       coalesce(f.oid = t.oid OR k.castmethod = 'b'
                OR (k.castmethod = 'f' AND (SELECT p.provolatile = 'i' FROM pg_proc p WHERE p.oid = k.castfunc)), false)
         AND t.typtype <> 'd',
       -- Widening only.
       t.typtype <> 'd' AND (
         (f.oid = t.oid AND (t.modifier = -1 OR t.modifier = f.modifier
                             OR (t.typname IN ('varchar', 'bpchar') AND f.modifier <> -1 AND t.modifier > f.modifier)
                             OR (t.typname = 'numeric' AND f.modifier <> -1
                                 AND ((t.modifier - 4) & 65535) = ((f.modifier - 4) & 65535) AND t.modifier > f.modifier)))
         OR (f.typname, t.typname) IN (('int2', 'int4'), ('int2', 'int8'), ('int4', 'int8'), ('float4', 'float8'),
                                       ('int4', 'float8'), ('int2', 'float4'), ('int2', 'float8'))
         OR (f.typname IN ('int2', 'int4', 'int8') AND t.typname = 'numeric' AND t.modifier = -1)
         OR (f.typname IN ('varchar', 'bpchar', 'name') AND t.typname = 'text')
         OR (f.typname = 'text' AND t.typname = 'varchar' AND t.modifier = -1)
         OR (f.typname = 'varchar' AND t.typname = 'varchar' AND t.modifier = -1)
         OR (f.typname = 'json' AND t.typname = 'text') OR (f.typname = 'cidr' AND t.typname = 'inet')),
       f.coll = t.coll AND (
         f.oid = t.oid
         OR (f.typname IN ('int2', 'int4', 'int8') AND t.typname IN ('int2', 'int4', 'int8', 'numeric'))
         OR (f.typname IN ('varchar', 'text') AND t.typname IN ('varchar', 'text'))
         OR (f.typname = 'float4' AND t.typname = 'float8'))
FROM f CROSS JOIN t LEFT JOIN k ON true
