-- BEFORE triggers that change NEW, named so that they sort before and after the triggers of pgmoult.
SET ROLE scn_owner;
CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL, version int NOT NULL DEFAULT 0, touched text);
INSERT INTO notes SELECT g, 'note ' || g FROM generate_series(1, 30) g;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.touched := coalesce(NEW.touched, '') || ' ' || tg_name;
  NEW.version := NEW.version + 1;
  IF NEW.id BETWEEN 500 AND 599 THEN NEW.id := NEW.id + 100; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER a_touch BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER pgmoulding BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER pgmoulu BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER zzz_touch BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();
RESET ROLE;
