-- A trigger is marked as depending on an extension, which nobody but the extension's owner could say again.
SET ROLE scn_owner;
CREATE TABLE prices (id int PRIMARY KEY, amount int NOT NULL);
INSERT INTO prices SELECT g, g * 10 FROM generate_series(1, 20) g;
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER marked AFTER UPDATE ON prices FOR EACH ROW EXECUTE FUNCTION fired();
CREATE TRIGGER free AFTER UPDATE ON prices FOR EACH ROW EXECUTE FUNCTION fired();
RESET ROLE;
ALTER TRIGGER marked ON prices DEPENDS ON EXTENSION plpgsql;
