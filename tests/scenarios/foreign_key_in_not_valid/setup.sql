-- Foreign keys into the table that are NOT VALID stay so, with the rows that break them; a valid one beside them stays valid.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE owners (id int PRIMARY KEY, name text);
INSERT INTO owners SELECT g, 'owner ' || g FROM generate_series(1, 30) g;
CREATE TABLE dogs (id int PRIMARY KEY, owner int, walker int REFERENCES owners);
INSERT INTO dogs SELECT g, g, g % 30 + 1 FROM generate_series(1, 60) g;
ALTER TABLE dogs ADD CONSTRAINT dogs_owner FOREIGN KEY (owner) REFERENCES owners ON UPDATE CASCADE ON DELETE CASCADE NOT VALID;
COMMENT ON CONSTRAINT dogs_owner ON dogs IS 'half of them have none';
RESET ROLE;
