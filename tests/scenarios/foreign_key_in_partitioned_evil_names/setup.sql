-- A table with a line break and a percent sign in its name, referenced by a partitioned one, with writes that are only logged.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE "of
100%s" (id int PRIMARY KEY, n int);
INSERT INTO "of
100%s" SELECT g, g FROM generate_series(1, 25) g;
CREATE TABLE "a
%I" (day date NOT NULL, part int REFERENCES "of
100%s") PARTITION BY RANGE (day);
CREATE TABLE "%1$s part" PARTITION OF "a
%I" DEFAULT;
INSERT INTO "a
%I" SELECT date '2024-01-01' + g, g FROM generate_series(1, 20) g;
RESET ROLE;
