-- A table of a role of which the owner is no member references the table: nobody of ours can make that key again.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, name text);
INSERT INTO p SELECT g, 'p' FROM generate_series(1, 20) g;
GRANT REFERENCES, SELECT ON p TO scn_stranger;
RESET ROLE;
CREATE SCHEMA theirs AUTHORIZATION scn_stranger;
SET ROLE scn_stranger;
CREATE TABLE theirs.c (id int PRIMARY KEY, p int CONSTRAINT to_p REFERENCES public.p ON DELETE CASCADE);
INSERT INTO theirs.c SELECT g, 1 + g % 20 FROM generate_series(1, 40) g;
RESET ROLE;
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
