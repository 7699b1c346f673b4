-- The ALTER drops a column that a view uses: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE readings (id int PRIMARY KEY, value int, unit text);
INSERT INTO readings SELECT g, g * 2, 'mm' FROM generate_series(1, 20) g;
CREATE VIEW "By Unit" AS SELECT count(*) AS many FROM readings GROUP BY unit;
RESET ROLE;
