-- Triggers that write into the same table: nested inserts, updates of another row, a counter row, a cascade of deletes.
SET ROLE scn_owner;
CREATE TABLE tree (id int PRIMARY KEY, parent int, children int NOT NULL DEFAULT 0, label text);
INSERT INTO tree SELECT g, nullif(g / 3, 0), 0, 'node ' || g FROM generate_series(1, 40) g;
UPDATE tree t SET children = (SELECT count(*) FROM tree c WHERE c.parent = t.id);
CREATE FUNCTION count_children() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_op <> 'INSERT' THEN UPDATE tree SET children = children - 1 WHERE id = OLD.parent; END IF;
  IF tg_op <> 'DELETE' THEN UPDATE tree SET children = children + 1 WHERE id = NEW.parent; END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION add_twin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id BETWEEN 100 AND 199 THEN INSERT INTO tree (id, label) VALUES (NEW.id + 1000, 'twin of ' || NEW.label); END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION delete_children() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN DELETE FROM tree WHERE parent = OLD.id; RETURN NULL; END';
CREATE TRIGGER twin BEFORE INSERT ON tree FOR EACH ROW EXECUTE FUNCTION add_twin();
CREATE TRIGGER children AFTER INSERT OR DELETE OR UPDATE OF parent ON tree FOR EACH ROW EXECUTE FUNCTION count_children();
CREATE TRIGGER cascade AFTER DELETE ON tree FOR EACH ROW EXECUTE FUNCTION delete_children();
RESET ROLE;
