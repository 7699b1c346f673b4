-- The ALTER renames the columns of foreign keys, two of them into each other's names.
SET ROLE scn_owner;
CREATE TABLE a (x int, y int, PRIMARY KEY (x, y));
INSERT INTO a SELECT g, g + 1 FROM generate_series(1, 20) g;
CREATE TABLE b (id int PRIMARY KEY, x int, y int, CONSTRAINT pair FOREIGN KEY (x, y) REFERENCES a ON UPDATE CASCADE ON DELETE SET NULL (y));
INSERT INTO b SELECT g, 1 + g % 20, 2 + g % 20 FROM generate_series(1, 60) g;
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
