-- Foreign keys into the table from tables of other schemas, one of them of the same name as the table.
\ir ../tried.sql
CREATE SCHEMA "Far away" AUTHORIZATION scn_owner;
CREATE SCHEMA near AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE near.items (id int PRIMARY KEY, "Group" text UNIQUE);
INSERT INTO near.items SELECT g, 'group ' || g FROM generate_series(1, 20) g;
CREATE TABLE "Far away".items (id int PRIMARY KEY, near int CONSTRAINT same REFERENCES near.items ON DELETE CASCADE);
INSERT INTO "Far away".items SELECT g, g FROM generate_series(1, 20) g;
CREATE TABLE public.items (id int PRIMARY KEY, "group" text CONSTRAINT same REFERENCES near.items ("Group") ON UPDATE CASCADE ON DELETE SET NULL);
INSERT INTO public.items SELECT g, 'group ' || g % 20 + 1 FROM generate_series(1, 50) g;
RESET ROLE;
