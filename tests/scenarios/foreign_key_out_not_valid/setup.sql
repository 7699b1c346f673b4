-- Foreign keys out of the table that are NOT VALID stay so, with the rows that break them; a valid one beside them stays valid.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE owners (id int PRIMARY KEY);
INSERT INTO owners SELECT generate_series(1, 30);
CREATE TABLE dogs (id int PRIMARY KEY, owner int, vet int, walker int REFERENCES owners, name text);
INSERT INTO dogs SELECT g, g, g % 30 + 1, g % 30 + 1, 'dog ' || g FROM generate_series(1, 60) g;
ALTER TABLE dogs ADD CONSTRAINT dogs_owner FOREIGN KEY (owner) REFERENCES owners ON UPDATE CASCADE NOT VALID;
ALTER TABLE dogs ADD CONSTRAINT dogs_vet FOREIGN KEY (vet) REFERENCES owners ON DELETE SET NULL NOT VALID;
COMMENT ON CONSTRAINT dogs_owner ON dogs IS 'half of them have none';
RESET ROLE;
