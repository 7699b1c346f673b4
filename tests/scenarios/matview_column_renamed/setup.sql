-- The ALTER renames columns that a materialized view and a view on it use.
SET ROLE scn_owner;
CREATE TABLE hits (id int PRIMARY KEY, page text NOT NULL, many int NOT NULL);
INSERT INTO hits SELECT g, 'page ' || g % 8, g % 5 FROM generate_series(1, 90) g;
CREATE MATERIALIZED VIEW sums AS SELECT page, sum(many) AS many FROM hits GROUP BY page;
CREATE MATERIALIZED VIEW copy AS TABLE hits;
CREATE UNIQUE INDEX copy_key ON copy (id) WHERE many > 2;
CREATE VIEW shown AS SELECT s.page, s.many, c.id FROM sums s JOIN copy c ON c.page = s.page AND c.many = 4;
RESET ROLE;
