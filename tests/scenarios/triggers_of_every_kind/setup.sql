-- Triggers before and after, for rows and statements, of every event, with WHEN, column lists, arguments and comments.
SET ROLE scn_owner;
CREATE TABLE pieces (id int PRIMARY KEY, place text, many int, note text);
CREATE TABLE audit (nr serial PRIMARY KEY, what text);
INSERT INTO pieces SELECT g, 'place ' || g % 4, g % 10 FROM generate_series(1, 30) g;
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit (what) VALUES (concat_ws(' ', tg_name, tg_when, tg_op, tg_level, tg_argv[0], tg_argv[1],
    CASE WHEN tg_level = 'ROW' THEN CASE tg_op WHEN 'DELETE' THEN OLD.id ELSE NEW.id END END));
  RETURN CASE tg_op WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION fired_on_truncate() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO audit (what) VALUES (tg_name || tg_when); RETURN NULL; END';
CREATE TRIGGER a_before BEFORE INSERT OR UPDATE OR DELETE ON pieces FOR EACH ROW EXECUTE FUNCTION fired('it''s', '"2"');
CREATE TRIGGER b_after AFTER INSERT OR DELETE ON pieces FOR EACH ROW EXECUTE FUNCTION fired();
CREATE TRIGGER c_statement BEFORE INSERT OR UPDATE OR DELETE ON pieces EXECUTE FUNCTION fired();
CREATE TRIGGER d_statement AFTER UPDATE ON pieces FOR EACH STATEMENT WHEN (current_user <> 'nobody') EXECUTE FUNCTION fired('', E'\\\n');
CREATE TRIGGER e_columns AFTER UPDATE OF place, many ON pieces FOR EACH ROW
  WHEN (OLD.many IS DISTINCT FROM NEW.many AND NEW.place LIKE 'p%') EXECUTE FUNCTION fired();
CREATE TRIGGER f_whole BEFORE UPDATE ON pieces FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION fired();
CREATE TRIGGER "G ""quoted""" AFTER INSERT OR UPDATE OF note ON pieces FOR EACH ROW EXECUTE FUNCTION fired();
CREATE TRIGGER h_truncate BEFORE TRUNCATE ON pieces EXECUTE FUNCTION fired_on_truncate();
CREATE TRIGGER i_truncate AFTER TRUNCATE ON pieces EXECUTE FUNCTION fired_on_truncate();
CREATE TRIGGER zz_last BEFORE UPDATE OF id ON pieces FOR EACH ROW EXECUTE FUNCTION fired();
COMMENT ON TRIGGER a_before ON pieces IS 'fires first';
COMMENT ON TRIGGER "G ""quoted""" ON pieces IS 'it''s quoted';
RESET ROLE;
