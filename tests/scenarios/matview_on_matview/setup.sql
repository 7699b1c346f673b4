-- A materialized view on one on one on the table, and a view on each; only the first reads the table itself.
SET ROLE scn_owner;
CREATE TABLE hits (id int PRIMARY KEY, page text NOT NULL, many int NOT NULL);
INSERT INTO hits SELECT g, 'page ' || g % 8, g % 5 FROM generate_series(1, 90) g;
CREATE MATERIALIZED VIEW one AS SELECT page, sum(many) AS many FROM hits GROUP BY page;
CREATE MATERIALIZED VIEW two AS SELECT page, many + 1 AS many FROM one;
CREATE MATERIALIZED VIEW three AS SELECT page, many + 1 AS many FROM two;
CREATE VIEW on_one AS SELECT page FROM one;
CREATE VIEW on_two AS SELECT page FROM two;
CREATE VIEW on_three AS SELECT page, many FROM three;
CREATE UNIQUE INDEX three_page ON three (page);
GRANT SELECT ON on_three TO scn_reader;
RESET ROLE;
