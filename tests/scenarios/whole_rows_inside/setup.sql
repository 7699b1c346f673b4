-- Views, policies, rules, triggers and functions use rows as a whole, but give no column of the row type.
SET ROLE scn_owner;
CREATE TABLE pets (id int PRIMARY KEY, name text, age int);
CREATE TABLE history (nr serial PRIMARY KEY, was jsonb);
INSERT INTO pets SELECT g, CASE WHEN g % 4 > 0 THEN 'pet ' || g END, g % 15 FROM generate_series(1, 40) g;
CREATE VIEW as_json AS SELECT id, to_jsonb(pets) AS doc, pets IS NOT NULL AS full_row FROM pets;
CREATE VIEW counted AS SELECT count(p) AS many, count(DISTINCT p.*) AS different, max(p::text) AS last FROM pets p WHERE p IS DISTINCT FROM NULL;
CREATE VIEW fields AS SELECT (p).name, (p).age AS years FROM (SELECT pets AS p FROM pets) s;
CREATE FUNCTION text_of(which int) RETURNS text BEGIN ATOMIC SELECT pets::text FROM pets WHERE id = which; END;
CREATE POLICY full_ones ON pets FOR SELECT USING (pets IS NOT NULL OR to_jsonb(pets) ? 'none');
CREATE RULE keep AS ON UPDATE TO pets DO ALSO INSERT INTO history (was) VALUES (to_jsonb(OLD));
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name := coalesce(NEW.name, '''') || ''!''; RETURN NEW; END';
CREATE TRIGGER changed BEFORE UPDATE ON pets FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION fired();
ALTER TABLE pets ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON pets TO scn_reader;
RESET ROLE;
