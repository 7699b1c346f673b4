-- Foreign keys NOT VALID, with rows that do not fit, beside one that is valid: each stays as it is.
SET ROLE scn_owner;
CREATE TABLE codes (id int PRIMARY KEY);
INSERT INTO codes SELECT g FROM generate_series(1, 10) g;
CREATE TABLE uses (id int PRIMARY KEY, loose int, firm int REFERENCES codes, clean int);
INSERT INTO uses SELECT g, g, 1 + g % 10, 1 + g % 10 FROM generate_series(1, 60) g;
ALTER TABLE uses ADD CONSTRAINT loose_fk FOREIGN KEY (loose) REFERENCES codes ON DELETE CASCADE NOT VALID,
  ADD CONSTRAINT clean_fk FOREIGN KEY (clean) REFERENCES codes ON UPDATE CASCADE NOT VALID;
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
