-- A table of 1,599 columns gets the last one that PostgreSQL allows.
SET ROLE scn_owner;
DO $$
BEGIN
  EXECUTE 'CREATE TABLE wide (id int PRIMARY KEY, ' || (SELECT string_agg('c' || g || ' int2', ', ') FROM generate_series(1, 1598) g) || ')';
END $$;
INSERT INTO wide (id, c1, c800, c1598) SELECT g, g, g, g FROM generate_series(1, 20) g;
RESET ROLE;
