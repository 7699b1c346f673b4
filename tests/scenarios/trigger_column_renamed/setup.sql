-- The ALTER renames columns that triggers name in UPDATE OF and in WHEN.
SET ROLE scn_owner;
CREATE TABLE prices (id int PRIMARY KEY, amount int NOT NULL, "when" date);
CREATE TABLE audit (nr serial PRIMARY KEY, what text);
INSERT INTO prices SELECT g, g * 10, '2024-01-01' FROM generate_series(1, 20) g;
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO audit (what) VALUES (tg_name || NEW.id); RETURN NEW; END';
CREATE TRIGGER of_amount AFTER UPDATE OF "when", amount ON prices FOR EACH ROW EXECUTE FUNCTION fired();
CREATE TRIGGER dearer BEFORE UPDATE ON prices FOR EACH ROW WHEN (NEW.amount > OLD.amount) EXECUTE FUNCTION fired();
CREATE CONSTRAINT TRIGGER much AFTER INSERT OR UPDATE OF amount ON prices DEFERRABLE FOR EACH ROW WHEN (NEW.amount > 1000)
  EXECUTE FUNCTION fired();
RESET ROLE;
