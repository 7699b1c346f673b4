-- Updatable views with CHECK OPTION, local and cascaded, one on top of the other.
SET ROLE scn_owner;
CREATE TABLE stock (id int PRIMARY KEY, place text NOT NULL, many int NOT NULL DEFAULT 1);
INSERT INTO stock SELECT g, 'place ' || g % 3, g FROM generate_series(1, 30) g;
CREATE VIEW a_few AS SELECT * FROM stock WHERE many < 100;
CREATE VIEW few_local AS SELECT * FROM a_few WHERE many > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW few_cascaded AS SELECT * FROM a_few WHERE many > 0 WITH CASCADED CHECK OPTION;
CREATE VIEW direct AS SELECT id, many, place FROM stock WHERE place <> 'nowhere' WITH CHECK OPTION;
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
RESET ROLE;
