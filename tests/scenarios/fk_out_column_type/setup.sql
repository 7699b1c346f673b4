-- The ALTER changes the types of referencing columns.
SET ROLE scn_owner;
CREATE TABLE a (id int PRIMARY KEY, code text UNIQUE);
INSERT INTO a SELECT g, 'c' || g FROM generate_series(1, 20) g;
CREATE TABLE b (id int PRIMARY KEY, a_id int CONSTRAINT by_id REFERENCES a ON DELETE CASCADE,
  code varchar(9) CONSTRAINT by_code REFERENCES a (code) ON UPDATE CASCADE ON DELETE SET NULL);
INSERT INTO b SELECT g, 1 + g % 20, 'c' || (1 + g % 20) FROM generate_series(1, 60) g;
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
