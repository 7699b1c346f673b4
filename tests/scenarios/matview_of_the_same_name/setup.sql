-- A materialized view has the table's name in another schema, and would have to be made anew beside the new table.
CREATE SCHEMA far AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE hits (id int PRIMARY KEY, page text NOT NULL);
INSERT INTO hits SELECT g, 'page ' || g % 8 FROM generate_series(1, 20) g;
CREATE MATERIALIZED VIEW far.hits AS SELECT page, count(*) AS many FROM hits GROUP BY page;
RESET ROLE;
