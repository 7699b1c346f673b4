-- The ALTER changes the type of a column that a trigger's WHEN uses: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE prices (id int PRIMARY KEY, amount int NOT NULL, at date);
INSERT INTO prices SELECT g, g * 10, '2024-01-01' FROM generate_series(1, 20) g;
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER dearer BEFORE UPDATE ON prices FOR EACH ROW WHEN (NEW.amount > OLD.amount) EXECUTE FUNCTION fired();
RESET ROLE;
