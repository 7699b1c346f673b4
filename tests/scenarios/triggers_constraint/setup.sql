-- Constraint triggers of the table, deferrable or not, and one that is declared FROM another table.
SET ROLE scn_owner;
CREATE TABLE boxes (id int PRIMARY KEY, size int NOT NULL);
CREATE TABLE lids (id int PRIMARY KEY, box int NOT NULL);
CREATE TABLE audit (nr serial PRIMARY KEY, what text);
INSERT INTO boxes SELECT g, g * 2 FROM generate_series(1, 20) g;
INSERT INTO lids SELECT g, g FROM generate_series(1, 20) g;
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit (what) VALUES (concat_ws(' ', tg_name, tg_op, NEW.id));
  IF NEW.id < 0 THEN RAISE check_violation USING MESSAGE = tg_name; END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER at_once AFTER INSERT OR UPDATE ON boxes FOR EACH ROW EXECUTE FUNCTION fired();
CREATE CONSTRAINT TRIGGER maybe_late AFTER INSERT ON boxes DEFERRABLE FOR EACH ROW WHEN (NEW.size > 5) EXECUTE FUNCTION fired();
CREATE CONSTRAINT TRIGGER late AFTER UPDATE OF size ON boxes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fired('x');
CREATE CONSTRAINT TRIGGER from_lids AFTER INSERT ON boxes FROM lids DEFERRABLE FOR EACH ROW EXECUTE FUNCTION fired();
ALTER TABLE boxes DISABLE TRIGGER from_lids;
COMMENT ON TRIGGER late ON boxes IS 'at the end';
COMMENT ON CONSTRAINT maybe_late ON boxes IS 'of its constraint';
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
RESET ROLE;
