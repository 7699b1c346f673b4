-- The ALTER renames columns that views use; the views follow and keep their own names for them.
SET ROLE scn_owner;
CREATE TABLE parcels (id int PRIMARY KEY, weight int NOT NULL, "to" text NOT NULL, via text);
INSERT INTO parcels SELECT g, g * 5, 'town ' || g % 6, CASE WHEN g % 2 = 0 THEN 'road' END FROM generate_series(1, 40) g;
CREATE VIEW plain AS SELECT * FROM parcels;
CREATE VIEW summed AS SELECT "to", sum(weight) AS weight FROM parcels GROUP BY "to" HAVING sum(weight) > 10 ORDER BY "to";
CREATE VIEW joined AS SELECT id, a.weight, b.via FROM parcels a JOIN parcels b USING (id, weight);
CREATE VIEW on_plain AS SELECT weight + 1 AS more, "to" FROM plain;
RESET ROLE;
