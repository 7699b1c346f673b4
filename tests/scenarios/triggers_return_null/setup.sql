-- BEFORE triggers that return NULL for some rows, so that these are not written.
SET ROLE scn_owner;
CREATE TABLE jobs (id int PRIMARY KEY, state text NOT NULL DEFAULT 'new', protected boolean NOT NULL DEFAULT false);
INSERT INTO jobs SELECT g, 'new', g % 4 = 0 FROM generate_series(1, 40) g;
CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_op = 'INSERT' THEN RETURN CASE WHEN NEW.state <> 'bad' THEN NEW END; END IF;
  IF OLD.protected THEN RETURN NULL; END IF;
  RETURN CASE tg_op WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION guard();
RESET ROLE;
