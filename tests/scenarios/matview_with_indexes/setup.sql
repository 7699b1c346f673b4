-- A materialized view with indexes, comments, grants, statistics targets, options, in a tablespace.
SET ROLE scn_owner;
CREATE TABLE sales (id int PRIMARY KEY, shop text NOT NULL, amount numeric NOT NULL, at date NOT NULL, till int DEFAULT 3);
INSERT INTO sales SELECT g, 'shop ' || g % 6, g * 1.5, date '2024-01-01' + g % 30 FROM generate_series(1, 120) g;
CREATE MATERIALIZED VIEW totals WITH (fillfactor = 70, autovacuum_enabled = off) TABLESPACE scn_space AS
  SELECT shop, at, sum(amount) AS amount, string_agg(id::text, ',' ORDER BY id) AS ids FROM sales GROUP BY shop, at;
CREATE UNIQUE INDEX totals_key ON totals (shop, at) INCLUDE (amount) WITH (fillfactor = 55);
CREATE INDEX "By Amount" ON totals (amount DESC NULLS LAST) WHERE amount > 10;
CREATE INDEX totals_expr ON totals (lower(shop), (amount + 1)) TABLESPACE scn_space;
CREATE INDEX totals_hash ON totals USING hash (ids);
ALTER INDEX totals_expr ALTER COLUMN 1 SET STATISTICS 77;
ALTER MATERIALIZED VIEW totals ALTER COLUMN shop SET STATISTICS 33, ALTER COLUMN at SET (n_distinct = 30),
  ALTER COLUMN ids SET STORAGE EXTERNAL, ALTER COLUMN shop SET COMPRESSION pglz, CLUSTER ON totals_key;
CREATE STATISTICS totals_stats (dependencies) ON shop, at FROM totals;
COMMENT ON MATERIALIZED VIEW totals IS 'sums by shop and day';
COMMENT ON COLUMN totals.amount IS 'the sum';
COMMENT ON INDEX totals_key IS 'one row each';
COMMENT ON STATISTICS totals_stats IS 'of the sums';
GRANT SELECT ON totals TO scn_clerk WITH GRANT OPTION;
GRANT SELECT (shop) ON totals TO scn_team;
RESET ROLE;
SET ROLE scn_clerk;
GRANT SELECT ON totals TO scn_reader;
RESET ROLE;
