-- The partition has its columns in another order than its parent, and has had others; it came by ATTACH. The schemas differ, too.
\ir ../tried.sql
CREATE SCHEMA parts AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE public."All" (gone int, id int NOT NULL, "Day" date NOT NULL, body text DEFAULT 'of all', CHECK (body <> '')) PARTITION BY RANGE ("Day", id);
ALTER TABLE public."All" DROP COLUMN gone;
CREATE TABLE parts."All" (body text, x1 int, "Day" date NOT NULL, x2 text, id int NOT NULL PRIMARY KEY, CONSTRAINT "All_body_check" CHECK (body <> ''));
ALTER TABLE parts."All" DROP COLUMN x1, DROP COLUMN x2;
INSERT INTO parts."All" SELECT 'body ' || g, date '2024-01-01' + g, g FROM generate_series(1, 90) g;
CREATE INDEX own_day ON parts."All" ("Day", body);
ALTER TABLE public."All" ATTACH PARTITION parts."All" FOR VALUES FROM ('2024-01-01', MINVALUE) TO ('2024-06-01', 1000);
CREATE INDEX of_all ON public."All" ("Day", body);
CREATE TABLE parts.late PARTITION OF public."All" FOR VALUES FROM ('2024-06-01', 1000) TO (MAXVALUE, MAXVALUE);
RESET ROLE;
