-- Rules on the table: also, instead, under a condition, disabled, for always, with comments.
SET ROLE scn_owner;
CREATE TABLE members (id int PRIMARY KEY, name text, level int NOT NULL DEFAULT 1);
CREATE TABLE history (nr serial PRIMARY KEY, member int, what text);
INSERT INTO members SELECT g, 'member ' || g, g % 5 FROM generate_series(1, 30) g;
CREATE RULE upd_also AS ON UPDATE TO members WHERE NEW.level <> OLD.level DO ALSO
  INSERT INTO history (member, what) VALUES (OLD.id, 'level ' || OLD.level || ' to ' || NEW.level);
CREATE RULE ins_several AS ON INSERT TO members DO ALSO (
  INSERT INTO history (member, what) VALUES (NEW.id, 'came');
  NOTIFY came;
  UPDATE history SET what = what || '!' WHERE member = NEW.id AND what = 'came');
CREATE RULE del_not AS ON DELETE TO members WHERE OLD.level > 3 DO INSTEAD NOTHING;
CREATE RULE del_history AS ON DELETE TO members WHERE OLD.level = 2 DO INSTEAD UPDATE members SET name = NULL WHERE id = OLD.id;
CREATE RULE off AS ON UPDATE TO members DO ALSO INSERT INTO history (what) VALUES ('never');
CREATE RULE "In Any Case" AS ON UPDATE TO members WHERE NEW.name = 'x' DO ALSO INSERT INTO history (what) VALUES ('always');
CREATE RULE on_replica AS ON INSERT TO members DO ALSO INSERT INTO history (what) VALUES ('replica');
ALTER TABLE members DISABLE RULE off, ENABLE ALWAYS RULE "In Any Case", ENABLE REPLICA RULE on_replica;
COMMENT ON RULE del_not ON members IS 'not the high ones';
COMMENT ON RULE off ON members IS 'it''s off';
RESET ROLE;
