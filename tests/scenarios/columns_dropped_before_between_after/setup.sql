-- Dropped columns before, between and after the live ones, with views, triggers and indexes over what is left.
SET ROLE scn_owner;
CREATE TABLE layers (gone1 int, gone2 text, id int, gone3 text, name text, gone4 int, gone5 numeric, size int DEFAULT 4, gone6 text,
  PRIMARY KEY (id));
INSERT INTO layers SELECT g, 'x', g, 'y', 'layer ' || g, g, g, g % 7, repeat('z', 3000) FROM generate_series(1, 50) g;
CREATE VIEW before_drop AS SELECT id, size FROM layers;
ALTER TABLE layers DROP COLUMN gone1, DROP COLUMN gone2, DROP COLUMN gone3, DROP COLUMN gone4, DROP COLUMN gone5;
ALTER TABLE layers ADD COLUMN late text DEFAULT 'late', DROP COLUMN gone6;
CREATE VIEW after_drop AS SELECT * FROM layers;
CREATE VIEW only_some AS SELECT name, late FROM layers WHERE size > 2 WITH CHECK OPTION;
CREATE INDEX layers_name ON layers (name, late) INCLUDE (size);
CREATE STATISTICS layers_both ON name, late FROM layers;
CREATE TABLE audit (nr serial PRIMARY KEY, what text);
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO audit (what) VALUES (NEW.name || NEW.late); RETURN NEW; END';
CREATE TRIGGER late AFTER UPDATE OF late, size ON layers FOR EACH ROW WHEN (NEW.size > 1) EXECUTE FUNCTION fired();
CREATE POLICY low ON layers USING (size < 100);
GRANT SELECT (late), UPDATE (size) ON layers TO scn_clerk;
RESET ROLE;
