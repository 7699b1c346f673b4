-- Triggers with transition tables, for statements and for rows, under several names.
SET ROLE scn_owner;
CREATE TABLE moves (id int PRIMARY KEY, x int NOT NULL, y int NOT NULL DEFAULT 0);
CREATE TABLE sums (nr serial PRIMARY KEY, what text, rows bigint, total bigint);
INSERT INTO moves SELECT g, g * 3 FROM generate_series(1, 40) g;
CREATE FUNCTION of_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sums (what, rows, total) SELECT tg_name || ' ' || tg_op || ' ' || tg_level, count(*), sum(x) FROM "New Rows";
  RETURN NULL;
END $$;
CREATE FUNCTION of_both() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sums (what, rows, total) SELECT tg_name, count(*), sum(n.x - o.x) FROM moves_new n JOIN moves_old o USING (id);
  RETURN NULL;
END $$;
CREATE FUNCTION of_old() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO sums (what, rows, total) SELECT tg_name, count(*), sum(x) FROM moves; RETURN NULL; END $$;
CREATE TRIGGER ins AFTER INSERT ON moves REFERENCING NEW TABLE AS "New Rows" FOR EACH STATEMENT EXECUTE FUNCTION of_new();
CREATE TRIGGER ins_row AFTER INSERT ON moves REFERENCING NEW TABLE AS "New Rows" FOR EACH ROW WHEN (NEW.x > 100)
  EXECUTE FUNCTION of_new();
CREATE TRIGGER upd AFTER UPDATE ON moves REFERENCING OLD TABLE AS moves_old NEW TABLE AS moves_new
  FOR EACH STATEMENT EXECUTE FUNCTION of_both();
-- The transition table hides the table of the same name.
CREATE TRIGGER del AFTER DELETE ON moves REFERENCING OLD TABLE AS moves FOR EACH STATEMENT EXECUTE FUNCTION of_old();
RESET ROLE;
