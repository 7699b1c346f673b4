-- Foreign keys NOT VALID to the table, with rows that do not fit; one of them of a table that has a valid one, too.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, name text);
INSERT INTO p SELECT g, 'p' FROM generate_series(1, 20) g;
CREATE TABLE c (id int PRIMARY KEY, loose int, firm int CONSTRAINT firm REFERENCES p ON DELETE SET NULL);
INSERT INTO c SELECT g, g, 1 + g % 20 FROM generate_series(1, 60) g;
ALTER TABLE c ADD CONSTRAINT loose FOREIGN KEY (loose) REFERENCES p ON DELETE CASCADE NOT VALID;
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
