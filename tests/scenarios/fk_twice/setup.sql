-- Two foreign keys between the same tables with different actions, and two on the very same columns; names against the order of making.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY);
INSERT INTO p SELECT g FROM generate_series(1, 40) g;
CREATE TABLE c (id int PRIMARY KEY, x int CONSTRAINT z_first REFERENCES p ON DELETE CASCADE,
  y int CONSTRAINT a_second REFERENCES p ON DELETE SET NULL, CONSTRAINT b_third FOREIGN KEY (x) REFERENCES p ON UPDATE CASCADE);
INSERT INTO c SELECT g, g, 41 - g FROM generate_series(1, 40) g;
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
