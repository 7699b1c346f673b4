-- Views with INSTEAD OF triggers, one of them disabled, which write into the table.
SET ROLE scn_owner;
CREATE TABLE people (id int PRIMARY KEY, first text, last text);
INSERT INTO people SELECT g, 'first ' || g, 'last ' || g FROM generate_series(1, 25) g;
CREATE VIEW names AS SELECT id, first || ' ' || last AS whole FROM people;
CREATE FUNCTION write_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_op = 'INSERT' THEN
    INSERT INTO people VALUES (NEW.id, split_part(NEW.whole, ' ', 1), tg_argv[0]);
    RETURN NEW;
  ELSIF tg_op = 'UPDATE' THEN
    UPDATE people SET last = NEW.whole WHERE id = OLD.id;
    RETURN NEW;
  END IF;
  DELETE FROM people WHERE id = OLD.id;
  RETURN OLD;
END $$;
CREATE TRIGGER ins INSTEAD OF INSERT ON names FOR EACH ROW EXECUTE FUNCTION write_name('it''s "quoted"');
CREATE TRIGGER upd INSTEAD OF UPDATE ON names FOR EACH ROW EXECUTE FUNCTION write_name();
CREATE TRIGGER del INSTEAD OF DELETE ON names FOR EACH ROW EXECUTE FUNCTION write_name();
CREATE TRIGGER "After all" AFTER INSERT ON names FOR EACH STATEMENT EXECUTE FUNCTION write_name();
DROP TRIGGER "After all" ON names;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER "After all" AFTER INSERT ON names FOR EACH STATEMENT EXECUTE FUNCTION nothing();
COMMENT ON TRIGGER upd ON names IS 'instead of update';
RESET ROLE;
