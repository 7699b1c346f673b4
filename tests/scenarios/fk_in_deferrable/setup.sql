-- Foreign keys to the table that may be deferred, INITIALLY DEFERRED and IMMEDIATE.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, name text);
INSERT INTO p SELECT g, 'p' FROM generate_series(1, 30) g;
CREATE TABLE late (id int PRIMARY KEY, p int CONSTRAINT late_fk REFERENCES p DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE maybe (id int PRIMARY KEY, p int CONSTRAINT maybe_fk REFERENCES p ON UPDATE CASCADE DEFERRABLE);
INSERT INTO late SELECT g, 1 + g % 10 FROM generate_series(1, 50) g;
INSERT INTO maybe SELECT g, 11 + g % 10 FROM generate_series(1, 50) g;
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
