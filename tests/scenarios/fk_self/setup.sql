-- Foreign keys of the table to itself: one that cascades, one deferred, one composite.
SET ROLE scn_owner;
CREATE TABLE t (id int PRIMARY KEY, up int CONSTRAINT up REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE,
  next int CONSTRAINT next REFERENCES t DEFERRABLE INITIALLY DEFERRED, a int, b int, ra int, rb int, UNIQUE (a, b),
  CONSTRAINT pair FOREIGN KEY (rb, ra) REFERENCES t (b, a) MATCH FULL ON DELETE SET NULL);
INSERT INTO t SELECT g, nullif(g / 2, 0), 1 + g % 60, g, g % 4, 61 - g, (61 - g) % 4 FROM generate_series(1, 60) g;
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
