-- A privilege on a materialized view was granted by a role of which the login is no member, so nobody can grant it again.
SET ROLE scn_owner;
CREATE TABLE hits (id int PRIMARY KEY, page text NOT NULL);
INSERT INTO hits SELECT g, 'page ' || g % 8 FROM generate_series(1, 20) g;
CREATE MATERIALIZED VIEW pages AS SELECT DISTINCT page FROM hits;
GRANT SELECT ON pages TO scn_reader WITH GRANT OPTION;
RESET ROLE;
SET ROLE scn_reader;
GRANT SELECT ON pages TO scn_clerk;
RESET ROLE;
