-- The ALTER changes the type of a column that a materialized view uses: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE hits (id int PRIMARY KEY, page text NOT NULL, many int NOT NULL);
INSERT INTO hits SELECT g, 'page ' || g % 8, g % 5 FROM generate_series(1, 20) g;
CREATE MATERIALIZED VIEW sums AS SELECT page, sum(many) AS many FROM hits GROUP BY page;
RESET ROLE;
