-- Materialized views in another schema than the table's, one on the other, with views on them.
CREATE SCHEMA far AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE hits (id int PRIMARY KEY, page text NOT NULL, many int NOT NULL);
INSERT INTO hits SELECT g, 'page ' || g % 8, g % 5 FROM generate_series(1, 90) g;
CREATE MATERIALIZED VIEW far.totals AS SELECT page, sum(many) AS many FROM hits GROUP BY page;
CREATE MATERIALIZED VIEW far.on_totals AS SELECT page, many + 1 AS many FROM far.totals;
CREATE VIEW far.shown AS SELECT page FROM far.on_totals WHERE many > 1;
CREATE VIEW shown AS SELECT page FROM far.totals;
CREATE UNIQUE INDEX totals_page ON far.totals (page);
RESET ROLE;
