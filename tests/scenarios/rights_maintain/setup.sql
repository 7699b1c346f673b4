-- The right to MAINTAIN, and a role that has it by membership in pg_maintain.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE plain (id int PRIMARY KEY, body text);
INSERT INTO plain SELECT g, 'body ' || g FROM generate_series(1, 20) g;
CREATE MATERIALIZED VIEW kept AS SELECT body FROM plain;
GRANT MAINTAIN ON plain TO scn_reader WITH GRANT OPTION;
GRANT MAINTAIN ON kept TO scn_clerk;
RESET ROLE;
