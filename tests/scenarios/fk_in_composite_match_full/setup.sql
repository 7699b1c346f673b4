-- Composite foreign keys to the table, MATCH FULL and SIMPLE, in another order of columns and with a list of columns to be emptied.
SET ROLE scn_owner;
CREATE TABLE p (a int, gone int, b text, c int, PRIMARY KEY (b, a));
ALTER TABLE p DROP COLUMN gone;
INSERT INTO p SELECT g, 'b' || g % 4, g FROM generate_series(1, 50) g;
CREATE TABLE fully (id int PRIMARY KEY, x int, y text, FOREIGN KEY (x, y) REFERENCES p (a, b) MATCH FULL ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE partly (id int PRIMARY KEY, x int, y text, FOREIGN KEY (y, x) REFERENCES p ON DELETE SET NULL (x) ON UPDATE CASCADE);
INSERT INTO fully SELECT g, g, 'b' || g % 4 FROM generate_series(1, 50) g;
INSERT INTO partly SELECT g, g, 'b' || g % 4 FROM generate_series(1, 50) g;
INSERT INTO fully VALUES (51, NULL, NULL);
INSERT INTO partly VALUES (51, NULL, 'none');
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
