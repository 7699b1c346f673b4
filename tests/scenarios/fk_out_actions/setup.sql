-- A table with a foreign key for every action on DELETE and UPDATE, with lists of columns that are set to NULL or to defaults.
SET ROLE scn_owner;
CREATE TABLE p1 (id int PRIMARY KEY);
CREATE TABLE p2 (a int, b int, PRIMARY KEY (a, b));
INSERT INTO p1 SELECT g FROM generate_series(0, 40) g;
INSERT INTO p2 SELECT g, g % 3 FROM generate_series(0, 40) g;
CREATE TABLE c (
  id int PRIMARY KEY, nothing int REFERENCES p1, stop int REFERENCES p1 ON DELETE RESTRICT ON UPDATE RESTRICT,
  follow int REFERENCES p1 ON DELETE CASCADE ON UPDATE CASCADE,
  emptied int REFERENCES p1 ON DELETE SET NULL ON UPDATE SET NULL,
  preset int DEFAULT 0 REFERENCES p1 ON DELETE SET DEFAULT ON UPDATE SET DEFAULT,
  a int DEFAULT 0, b int DEFAULT 0, x int, y int DEFAULT 0,
  CONSTRAINT half_null FOREIGN KEY (a, b) REFERENCES p2 ON DELETE SET NULL (b) ON UPDATE CASCADE,
  CONSTRAINT half_default FOREIGN KEY (x, y) REFERENCES p2 ON DELETE SET DEFAULT (y, x) ON UPDATE NO ACTION);
INSERT INTO c SELECT g, 1, 2, 3 + g % 5, 10 + g % 5, 20 + g % 5, 6 + g % 5, (6 + g % 5) % 3, NULL, NULL FROM generate_series(1, 100) g;
INSERT INTO c SELECT g, NULL, NULL, NULL, NULL, NULL, 0, 0, 30 + g % 4, (30 + g % 4) % 3 FROM generate_series(101, 120) g;
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
