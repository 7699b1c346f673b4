-- Columns of an updatable view with defaults of their own.
SET ROLE scn_owner;
CREATE TABLE visits (id serial PRIMARY KEY, page text NOT NULL DEFAULT 'table', seen int DEFAULT 1, at date);
INSERT INTO visits (page, seen, at) SELECT 'page ' || g, g, date '2023-01-01' + g FROM generate_series(1, 40) g;
CREATE VIEW front AS SELECT id, page, seen, at FROM visits;
ALTER VIEW front ALTER COLUMN page SET DEFAULT 'view' || '!', ALTER COLUMN at SET DEFAULT '2000-01-01';
CREATE VIEW front_of_front AS SELECT page, at AS "When" FROM front;
ALTER VIEW front_of_front ALTER COLUMN "When" SET DEFAULT '1999-12-31';
RESET ROLE;
