-- Foreign keys that may be deferred: INITIALLY DEFERRED, INITIALLY IMMEDIATE, and one that may not.
SET ROLE scn_owner;
CREATE TABLE teams (id int PRIMARY KEY);
INSERT INTO teams SELECT g FROM generate_series(1, 20) g;
CREATE TABLE players (id int PRIMARY KEY,
  late int CONSTRAINT late_fk REFERENCES teams DEFERRABLE INITIALLY DEFERRED,
  maybe int CONSTRAINT maybe_fk REFERENCES teams ON DELETE SET NULL DEFERRABLE,
  now int CONSTRAINT now_fk REFERENCES teams NOT DEFERRABLE);
INSERT INTO players SELECT g, 1 + g % 5, 6 + g % 5, 11 + g % 5 FROM generate_series(1, 90) g;
CREATE TABLE results (nr int, what text);
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
