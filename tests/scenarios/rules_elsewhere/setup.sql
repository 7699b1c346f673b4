-- Rules of other tables and of a view elsewhere that read from the table or write into it.
SET ROLE scn_owner;
CREATE TABLE stock (id int PRIMARY KEY, many int NOT NULL, moved int NOT NULL DEFAULT 0);
CREATE TABLE inbox (id int PRIMARY KEY, item int, many int);
CREATE TABLE gate (id int PRIMARY KEY);
INSERT INTO stock SELECT g, g * 10 FROM generate_series(1, 20) g;
CREATE RULE take_in AS ON INSERT TO inbox DO ALSO UPDATE stock SET many = many + NEW.many, moved = moved + 1 WHERE id = NEW.item;
CREATE RULE no_more AS ON INSERT TO inbox WHERE (SELECT sum(many) FROM stock) > 10000 DO INSTEAD NOTHING;
CREATE RULE away AS ON DELETE TO inbox WHERE EXISTS (SELECT FROM stock s WHERE s.id = OLD.item AND s.many < 0) DO INSTEAD
  DELETE FROM stock WHERE id = OLD.item;
CREATE RULE twice AS ON INSERT TO gate DO INSTEAD INSERT INTO stock AS s (id, many) VALUES (NEW.id, 1)
  ON CONFLICT (id) DO UPDATE SET many = s.many + excluded.many RETURNING s.id;
CREATE VIEW door AS SELECT 1 AS id;
CREATE RULE through AS ON UPDATE TO door DO INSTEAD UPDATE stock SET moved = -1 WHERE id = NEW.id;
COMMENT ON RULE take_in ON inbox IS 'adds to the stock';
ALTER TABLE inbox ENABLE ALWAYS RULE take_in;
ALTER TABLE gate DISABLE RULE twice;
ALTER TABLE gate ENABLE RULE twice;
RESET ROLE;
