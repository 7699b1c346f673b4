-- Foreign keys into the table that are deferrable, initially deferred or initially immediate.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE makers (id int PRIMARY KEY, name text);
INSERT INTO makers SELECT g, 'maker ' || g FROM generate_series(1, 20) g;
CREATE TABLE cars (id int PRIMARY KEY,
  maker int NOT NULL CONSTRAINT cars_maker REFERENCES makers DEFERRABLE INITIALLY DEFERRED,
  designer int CONSTRAINT cars_designer REFERENCES makers ON DELETE CASCADE DEFERRABLE);
CREATE TABLE bikes (id int PRIMARY KEY, maker int CONSTRAINT bikes_maker REFERENCES makers NOT DEFERRABLE);
INSERT INTO cars SELECT g, g % 20 + 1, g % 10 + 1 FROM generate_series(1, 80) g;
INSERT INTO bikes SELECT g, g % 5 + 1 FROM generate_series(1, 20) g;
RESET ROLE;
