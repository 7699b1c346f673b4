-- Triggers that are disabled, for replicas only, and for always.
SET ROLE scn_owner;
CREATE TABLE pieces (id int PRIMARY KEY, many int);
CREATE TABLE audit (nr serial PRIMARY KEY, what text);
INSERT INTO pieces SELECT g, g FROM generate_series(1, 20) g;
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO audit (what) VALUES (tg_name || '' '' || tg_op); RETURN NEW; END';
CREATE TRIGGER by_origin AFTER INSERT OR UPDATE ON pieces FOR EACH ROW EXECUTE FUNCTION fired();
CREATE TRIGGER never AFTER INSERT OR UPDATE ON pieces FOR EACH ROW EXECUTE FUNCTION fired();
CREATE TRIGGER on_replica AFTER INSERT OR UPDATE ON pieces FOR EACH ROW EXECUTE FUNCTION fired();
CREATE TRIGGER in_any_case AFTER INSERT OR UPDATE ON pieces FOR EACH ROW EXECUTE FUNCTION fired();
CREATE TRIGGER in_any_case_before BEFORE INSERT ON pieces EXECUTE FUNCTION fired();
ALTER TABLE pieces DISABLE TRIGGER never, ENABLE REPLICA TRIGGER on_replica, ENABLE ALWAYS TRIGGER in_any_case,
  ENABLE ALWAYS TRIGGER in_any_case_before;
RESET ROLE;
