-- The ALTER renames the columns that foreign keys refer to, two of them into each other's names.
SET ROLE scn_owner;
CREATE TABLE p (a int, b int, id int UNIQUE, PRIMARY KEY (a, b));
INSERT INTO p SELECT g, g + 100, g FROM generate_series(1, 40) g;
CREATE TABLE c (id int PRIMARY KEY REFERENCES p (id) ON DELETE CASCADE, a int, b int, FOREIGN KEY (a, b) REFERENCES p (a, b) ON UPDATE CASCADE ON DELETE CASCADE);
INSERT INTO c SELECT g, g, g + 100 FROM generate_series(1, 40) g;
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
