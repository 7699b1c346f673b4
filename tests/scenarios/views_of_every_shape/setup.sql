-- Views whose queries have joins, subqueries, unions, windows, samples, grouping sets and row locks over the table.
SET ROLE scn_owner;
CREATE TABLE facts (id int PRIMARY KEY, kind text NOT NULL, value int, tags text[], doc jsonb);
CREATE TABLE kinds (kind text PRIMARY KEY, label text);
INSERT INTO kinds SELECT 'k' || g, 'kind ' || g FROM generate_series(0, 4) g;
INSERT INTO facts SELECT g, 'k' || g % 5, nullif(g % 11, 3), ARRAY['a' || g, 'b'], jsonb_build_object('n', g)
FROM generate_series(1, 60) g;
CREATE VIEW v_join AS SELECT f.id, k.label FROM facts f LEFT JOIN kinds k USING (kind) RIGHT JOIN facts g ON g.id = f.id + 1;
CREATE VIEW v_natural AS SELECT * FROM facts NATURAL JOIN kinds;
CREATE VIEW v_union AS SELECT id, kind FROM facts WHERE id < 5 UNION (SELECT id, kind FROM facts EXCEPT ALL SELECT 1, 'k1')
  INTERSECT SELECT value, kind FROM facts ORDER BY 1, 2 OFFSET 1;
CREATE VIEW v_window AS SELECT id, sum(value) OVER w AS running, row_number() OVER (PARTITION BY kind ORDER BY id DESC) AS nr
  FROM facts WINDOW w AS (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE TIES);
CREATE VIEW v_cte AS WITH few AS MATERIALIZED (SELECT * FROM facts WHERE id < 20), fewer AS (SELECT id FROM few)
  SELECT count(*) AS many, (SELECT max(id) FROM fewer) AS top FROM few;
CREATE VIEW v_lateral AS SELECT f.id, t.tag, t.nr, s.* FROM facts f, unnest(f.tags) WITH ORDINALITY t (tag, nr),
  LATERAL (SELECT count(*) AS smaller FROM facts o WHERE o.value < f.value) s;
CREATE VIEW v_sample AS SELECT id FROM facts TABLESAMPLE bernoulli (100) REPEATABLE (1);
CREATE VIEW v_distinct AS SELECT DISTINCT ON (kind) kind, id FROM facts ORDER BY kind, id DESC;
CREATE VIEW v_sets AS SELECT kind, value, count(*) FILTER (WHERE id > 3) AS many, grouping(kind) AS g
  FROM facts GROUP BY GROUPING SETS ((kind), ROLLUP (value));
CREATE VIEW v_lock AS SELECT id FROM facts f WHERE id = 1 FOR UPDATE OF f;
CREATE VIEW v_any AS SELECT id FROM ONLY facts WHERE kind = ANY (SELECT kind FROM kinds) AND EXISTS (SELECT FROM facts f2 WHERE f2.id = facts.id);
CREATE VIEW v_json AS SELECT doc ->> 'n' AS n, CASE kind WHEN 'k1' THEN 'one' ELSE kind END AS name, tags[1] AS first,
  ROW(id, kind) < ROW(5, 'k') AS small, COALESCE(value, -1) AS value FROM facts;
RESET ROLE;
