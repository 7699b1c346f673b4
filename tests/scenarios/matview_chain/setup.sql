-- Views on a materialized view, materialized views on it and on a view over the table.
SET ROLE scn_owner;
CREATE TABLE hits (id int PRIMARY KEY, page text NOT NULL, many int NOT NULL);
INSERT INTO hits SELECT g, 'page ' || g % 8, g % 5 FROM generate_series(1, 90) g;
CREATE VIEW busy AS SELECT id, page, many FROM hits WHERE many > 1;
CREATE MATERIALIZED VIEW on_view AS SELECT page, count(*) AS rows FROM busy GROUP BY page;
CREATE UNIQUE INDEX on_view_key ON on_view (page);
CREATE MATERIALIZED VIEW direct AS SELECT page, sum(many) AS many FROM hits GROUP BY page;
CREATE VIEW on_direct AS SELECT page FROM direct WHERE many > 20;
CREATE MATERIALIZED VIEW on_top AS SELECT d.page, d.many, v.rows FROM direct d JOIN on_view v USING (page);
CREATE INDEX on_top_many ON on_top (many);
CREATE VIEW last_one AS SELECT max(t.many) AS many, count(o.page) AS pages FROM on_top t LEFT JOIN on_direct o USING (page);
COMMENT ON VIEW on_direct IS 'on a materialized view';
GRANT SELECT ON on_direct, on_top TO scn_reader;
RESET ROLE;
