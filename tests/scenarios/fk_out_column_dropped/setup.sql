-- The ALTER drops columns that foreign keys of the table have: those keys go, as with PostgreSQL, the others stay.
SET ROLE scn_owner;
CREATE TABLE a (id int, part int, PRIMARY KEY (id, part), UNIQUE (id));
INSERT INTO a SELECT g, g % 4 FROM generate_series(1, 20) g;
CREATE TABLE b (id int PRIMARY KEY, one int REFERENCES a (id), two int, part int, three int REFERENCES a (id) ON DELETE CASCADE,
  CONSTRAINT pair FOREIGN KEY (two, part) REFERENCES a (id, part));
INSERT INTO b SELECT g, 1 + g % 9, 1 + g % 9, (1 + g % 9) % 4, 10 + g % 9 FROM generate_series(1, 50) g;
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
