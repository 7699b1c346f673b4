-- A constraint trigger of another table is declared FROM the table, and so is bound to it.
SET ROLE scn_owner;
CREATE TABLE boxes (id int PRIMARY KEY, size int NOT NULL);
CREATE TABLE lids (id int PRIMARY KEY, box int NOT NULL);
INSERT INTO boxes SELECT g, g * 2 FROM generate_series(1, 20) g;
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE CONSTRAINT TRIGGER of_lids AFTER INSERT ON lids FROM boxes NOT DEFERRABLE FOR EACH ROW EXECUTE FUNCTION fired();
RESET ROLE;
