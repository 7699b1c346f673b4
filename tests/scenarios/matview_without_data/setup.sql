-- Materialized views that hold no data yet, with indexes on them, and one that does.
SET ROLE scn_owner;
CREATE TABLE sales (id int PRIMARY KEY, shop text NOT NULL, amount int NOT NULL);
INSERT INTO sales SELECT g, 'shop ' || g % 6, g FROM generate_series(1, 40) g;
CREATE MATERIALIZED VIEW empty AS SELECT shop, sum(amount) AS amount FROM sales GROUP BY shop WITH NO DATA;
CREATE UNIQUE INDEX empty_key ON empty (shop);
CREATE MATERIALIZED VIEW emptied AS SELECT * FROM sales WHERE amount > 10;
REFRESH MATERIALIZED VIEW emptied WITH NO DATA;
CREATE MATERIALIZED VIEW full_one AS SELECT shop FROM sales WHERE amount > 20 WITH DATA;
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
RESET ROLE;
