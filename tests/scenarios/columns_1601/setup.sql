-- A table of 1,600 columns cannot get another one: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
DO $$
BEGIN
  EXECUTE 'CREATE TABLE wide (id int PRIMARY KEY, ' || (SELECT string_agg('c' || g || ' int2', ', ') FROM generate_series(1, 1599) g) || ')';
END $$;
INSERT INTO wide (id, c1, c800, c1599) SELECT g, g, g, g FROM generate_series(1, 20) g;
RESET ROLE;
