-- The referenced column becomes bigint while the referencing ones stay int or are bigint already.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, name text);
INSERT INTO p SELECT g, 'p' FROM generate_series(1, 40) g;
CREATE TABLE small (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE big (id int PRIMARY KEY, p bigint REFERENCES p ON DELETE SET NULL ON UPDATE CASCADE);
INSERT INTO small SELECT g, g FROM generate_series(1, 40) g;
INSERT INTO big SELECT g, g FROM generate_series(1, 20) g;
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
