-- Indexes of every method and form: on expressions, partial, covering, with options, orders, collations and operator classes.
SET ROLE scn_owner;
CREATE TABLE words (id int PRIMARY KEY, w text NOT NULL, n int, k numeric, r int4range, p point, tags text[], doc jsonb, v tsvector, at date);
INSERT INTO words SELECT g, 'word ' || g, g % 30, g / 7.0, int4range(g, g + 5), point(g, g), ARRAY['t' || g % 5], jsonb_build_object('n', g),
  to_tsvector('simple', 'word' || g), date '2024-01-01' + g FROM generate_series(1, 200) g;
CREATE INDEX i_orders ON words (w DESC, n ASC NULLS FIRST, k DESC NULLS LAST);
CREATE INDEX i_collate ON words (w COLLATE "C", w text_pattern_ops, w COLLATE "POSIX" varchar_pattern_ops DESC);
CREATE UNIQUE INDEX i_expr ON words (lower(w), (n + id)) WHERE n IS NOT NULL AND w <> 'ON words';
CREATE UNIQUE INDEX i_include ON words (w) INCLUDE (n, k) WITH (fillfactor = 33);
CREATE INDEX i_gin ON words USING gin (doc jsonb_path_ops, tags) WITH (fastupdate = off, gin_pending_list_limit = 128);
CREATE INDEX i_gist ON words USING gist (r, p, v tsvector_ops (siglen = 100)) WITH (buffering = on);
CREATE INDEX i_spgist ON words USING spgist (w) WHERE id > 5;
CREATE INDEX i_quad ON words USING spgist (p kd_point_ops);
CREATE INDEX i_brin ON words USING brin (at date_bloom_ops (false_positive_rate = 0.05), n int4_minmax_multi_ops) WITH (pages_per_range = 4, autosummarize = on);
CREATE INDEX i_hash ON words USING hash (w) WITH (fillfactor = 44);
CREATE UNIQUE INDEX "I Nulls" ON words (n, id) NULLS NOT DISTINCT;
CREATE INDEX i_long ON words ((CASE WHEN n > 5 THEN coalesce(w, 'x;y') ELSE doc ->> 'n' END), (tags[1]), ((r * int4range(1, 50))));
ALTER TABLE words REPLICA IDENTITY USING INDEX i_include;
RESET ROLE;
