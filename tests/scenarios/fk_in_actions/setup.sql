-- Foreign keys to the table, of one table for each action on DELETE and one that has them all, also on UPDATE.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, name text);
INSERT INTO p SELECT g, 'p ' || g FROM generate_series(0, 60) g;
CREATE TABLE c_nothing (id int PRIMARY KEY, p int REFERENCES p);
CREATE TABLE c_restrict (id int PRIMARY KEY, p int REFERENCES p ON DELETE RESTRICT ON UPDATE RESTRICT);
CREATE TABLE c_cascade (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE c_null (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL ON UPDATE SET NULL);
CREATE TABLE c_default (id int PRIMARY KEY, p int DEFAULT 0 REFERENCES p ON DELETE SET DEFAULT ON UPDATE SET DEFAULT);
INSERT INTO c_nothing SELECT g, 1 FROM generate_series(1, 5) g;
INSERT INTO c_restrict SELECT g, 2 FROM generate_series(1, 5) g;
INSERT INTO c_cascade SELECT g, 10 + g % 10 FROM generate_series(1, 60) g;
INSERT INTO c_null SELECT g, 20 + g % 10 FROM generate_series(1, 60) g;
INSERT INTO c_default SELECT g, 30 + g % 10 FROM generate_series(1, 60) g;
CREATE TABLE c_all (id int PRIMARY KEY, a int REFERENCES p, b int REFERENCES p ON DELETE CASCADE, c int REFERENCES p ON DELETE SET NULL,
  d int DEFAULT 0 REFERENCES p ON DELETE SET DEFAULT ON UPDATE CASCADE);
INSERT INTO c_all SELECT g, 3, 40 + g % 5, 45 + g % 5, 50 + g % 5 FROM generate_series(1, 60) g;
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
