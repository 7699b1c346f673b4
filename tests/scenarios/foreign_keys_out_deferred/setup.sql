-- Foreign keys out of the table that are deferrable, initially deferred or initially immediate.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE makers (id int PRIMARY KEY, name text);
INSERT INTO makers SELECT g, 'maker ' || g FROM generate_series(1, 20) g;
CREATE TABLE cars (
  id int PRIMARY KEY,
  maker int NOT NULL CONSTRAINT cars_maker REFERENCES makers DEFERRABLE INITIALLY DEFERRED,
  designer int CONSTRAINT cars_designer REFERENCES makers ON DELETE CASCADE DEFERRABLE,
  importer int CONSTRAINT cars_importer REFERENCES makers NOT DEFERRABLE,
  seats int
);
INSERT INTO cars SELECT g, g % 20 + 1, g % 10 + 1, g % 5 + 1, g % 7 FROM generate_series(1, 80) g;
RESET ROLE;
