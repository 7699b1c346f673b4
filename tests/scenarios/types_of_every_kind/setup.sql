-- Columns of domains, enums, composites, ranges, multiranges, arrays and of many base types, with their odd values.
SET ROLE scn_owner;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy ''!''');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN moods AS mood[] CHECK (array_length(VALUE, 1) < 4);
CREATE TYPE point3 AS (x int, y numeric, "z z" text);
CREATE TYPE floats AS RANGE (subtype = float8, multirange_type_name = floats_many);
CREATE TABLE zoo (id int PRIMARY KEY, m mood DEFAULT 'ok', p positive, ms moods, c point3, cs point3[], r int4range, f floats, fm floats_many,
  tz tstzrange, a int[], aa text[][], n numeric, n2 numeric(6, 3), f4 real, f8 double precision, b bytea, bits varbit, ch char(5), na name,
  ts timestamptz, d date, i interval, t timetz, j json, jb jsonb, x xml, u uuid, net inet, mac macaddr8, v tsvector, q tsquery, mo money,
  bo box, pa path, oi oid, rc regclass, lsn pg_lsn, jp jsonpath, chr "char");
INSERT INTO zoo (id, m, p, ms, c, cs, r, f, fm, tz, a, aa, n, n2, f4, f8, b, bits, ch, na, ts, d, i, t, j, jb, x, u, net, mac, v, q, mo, bo, pa, oi, rc, lsn, jp, chr)
SELECT g, (enum_range(NULL::mood))[g % 3 + 1], g, ARRAY['sad', NULL]::mood[], ROW(g, g / 3.0, 'z "' || g)::point3, ARRAY[ROW(1, NULL, 'a,b')::point3, NULL],
  int4range(g, NULL), floats(-g, g, '[]'), floats_many(floats(1, 2), floats(3, 4)), tstzrange('-infinity', '2024-01-01 00:00+00', '()'), ARRAY[g, NULL],
  ARRAY[['a', 'b"'], ['{', NULL]], (ARRAY['NaN', 'Infinity', '1.10', '1.1000', '-0'])[g % 5 + 1]::numeric, g, (ARRAY['NaN', '-0', '1e-40', '-infinity'])[g % 4 + 1]::real,
  (ARRAY['NaN', '-0', '0.1', 'infinity'])[g % 4 + 1]::float8, decode(md5(g::text), 'hex'), '1010', 'c' || g, 'name ' || g,
  (ARRAY['-infinity', '2024-02-29 12:00:00.123456+00', 'infinity', '4713-01-01 00:00:00+00 BC'])[g % 4 + 1]::timestamptz, '0001-01-01 BC', '1 mon -1 day 00:00:00.5', '12:00:00+05:30',
  '{"b":  1, "a": 1, "a": 2}', '{"b": 1.10, "a": "\u00e9"}', '<a b="c">d</a>', md5(g::text)::uuid, '10.0.0.1/8', '08:00:2b:01:02:03:04:05', 'a:1A b:2', 'a & !b',
  12.34, '(1,1),(0,0)', '[(0,0),(1,2)]', g, 'pg_class', '16/B374D848', '$.a[*] ? (@ > 1)', chr(64 + g)::"char"
FROM generate_series(1, 30) g;
INSERT INTO zoo (id, m) VALUES (31, NULL);
CREATE VIEW cage AS SELECT id, m, (c).x, (c)."z z" FROM zoo WHERE m > 'sad';
RESET ROLE;
