-- A trigger counts every write of the table in another one; what pgmoult writes itself must not be counted.
SET ROLE scn_owner;
CREATE TABLE events (id int PRIMARY KEY, kind text NOT NULL, at timestamp NOT NULL);
CREATE TABLE counts (kind text PRIMARY KEY, inserted int NOT NULL DEFAULT 0, updated int NOT NULL DEFAULT 0,
  deleted int NOT NULL DEFAULT 0);
CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO counts (kind) VALUES (CASE tg_op WHEN 'DELETE' THEN OLD.kind ELSE NEW.kind END) ON CONFLICT DO NOTHING;
  UPDATE counts SET inserted = inserted + (tg_op = 'INSERT')::int, updated = updated + (tg_op = 'UPDATE')::int,
    deleted = deleted + (tg_op = 'DELETE')::int WHERE kind = CASE tg_op WHEN 'DELETE' THEN OLD.kind ELSE NEW.kind END;
  RETURN NULL;
END $$;
CREATE TRIGGER counter AFTER INSERT OR UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION count_it();
ALTER TABLE events ENABLE ALWAYS TRIGGER counter;
INSERT INTO events SELECT g, 'kind ' || g % 5, timestamp '2024-01-01' + g * interval '1 min' FROM generate_series(1, 200) g;
GRANT SELECT, INSERT, UPDATE, DELETE ON events TO scn_clerk;
RESET ROLE;
