-- Views in which a WITH query has the table's name, beside the table itself: PostgreSQL writes the table out in full there.
SET ROLE scn_owner;
CREATE TABLE facts (id int PRIMARY KEY, kind text NOT NULL);
INSERT INTO facts SELECT g, 'k' || g % 5 FROM generate_series(1, 60) g;
CREATE VIEW after_it AS WITH few AS (SELECT * FROM facts WHERE id < 20), facts AS (SELECT id + 100 AS id FROM few)
  SELECT count(*) AS many, (SELECT max(id) FROM facts) AS top FROM few;
CREATE VIEW beside_it AS WITH facts AS (SELECT 7 AS id) SELECT o.id, p.kind FROM facts o JOIN public.facts p USING (id);
RESET ROLE;
