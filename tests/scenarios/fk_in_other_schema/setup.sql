-- Tables of other schemas reference the table; one of them has its name, the other a hostile one.
CREATE SCHEMA far AUTHORIZATION scn_owner;
CREATE SCHEMA "; DROP" AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, name text UNIQUE);
INSERT INTO p SELECT g, 'p' || g FROM generate_series(1, 20) g;
CREATE TABLE far.p (id int PRIMARY KEY REFERENCES public.p ON DELETE CASCADE, name text REFERENCES public.p (name) ON UPDATE CASCADE);
CREATE TABLE "; DROP"."p' (id)" (id int PRIMARY KEY, "P" int, CONSTRAINT " REFERENCES p(id)" FOREIGN KEY ("P") REFERENCES p ON DELETE SET NULL);
INSERT INTO far.p SELECT g, 'p' || (1 + g % 20) FROM generate_series(1, 20) g;
INSERT INTO "; DROP"."p' (id)" SELECT g, 1 + g % 20 FROM generate_series(1, 40) g;
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
