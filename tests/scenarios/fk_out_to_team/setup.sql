-- The table references one that belongs to a role of which its owner is a member.
CREATE SCHEMA shared AUTHORIZATION scn_team;
SET ROLE scn_team;
CREATE TABLE shared.towns (id int PRIMARY KEY);
INSERT INTO shared.towns SELECT g FROM generate_series(1, 20) g;
GRANT USAGE ON SCHEMA shared TO scn_owner;
GRANT REFERENCES, SELECT ON shared.towns TO scn_owner;
RESET ROLE;
SET ROLE scn_owner;
CREATE TABLE homes (id int PRIMARY KEY, town int REFERENCES shared.towns ON DELETE CASCADE);
INSERT INTO homes SELECT g, 1 + g % 20 FROM generate_series(1, 60) g;
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
