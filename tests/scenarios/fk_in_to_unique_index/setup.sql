-- A foreign key to a unique index that is no constraint, beside a partial one that does not count.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, nr int NOT NULL, name text);
CREATE UNIQUE INDEX a_part ON p (nr) WHERE nr > 10;
CREATE UNIQUE INDEX "z whole" ON p (nr DESC);
INSERT INTO p SELECT g, g * 2, 'p' FROM generate_series(1, 40) g;
CREATE TABLE c (id int PRIMARY KEY, nr int REFERENCES p (nr) ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO c SELECT g, g * 2 FROM generate_series(1, 40) g;
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
