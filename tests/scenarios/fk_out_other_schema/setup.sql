-- The table references tables of other schemas, one of which has the table's own name, one a name that has to be quoted.
CREATE SCHEMA far AUTHORIZATION scn_owner;
CREATE SCHEMA "Far away" AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE far.goods (id int PRIMARY KEY, name text UNIQUE);
CREATE TABLE "Far away"."The ""goods""" ("Id" int PRIMARY KEY);
INSERT INTO far.goods SELECT g, 'good ' || g FROM generate_series(1, 30) g;
INSERT INTO "Far away"."The ""goods""" SELECT g FROM generate_series(1, 30) g;
CREATE TABLE goods (id int PRIMARY KEY REFERENCES far.goods ON DELETE CASCADE, name text REFERENCES far.goods (name) ON UPDATE CASCADE,
  "Id" int, CONSTRAINT "Away; --" FOREIGN KEY ("Id") REFERENCES "Far away"."The ""goods""" ON DELETE SET NULL);
INSERT INTO goods SELECT g, 'good ' || g, 31 - g FROM generate_series(1, 30) g;
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE what;
  GET DIAGNOSTICS n = ROW_COUNT;
  SET CONSTRAINTS ALL IMMEDIATE;
  SET CONSTRAINTS ALL DEFERRED;
  RETURN 'done ' || n;
EXCEPTION WHEN OTHERS THEN RETURN sqlstate || ' ' || sqlerrm;
END $$;
RESET ROLE;
