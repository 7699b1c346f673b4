-- The table is in the middle of a chain of cascades: what is deleted on top arrives below, through triggers of the table.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE countries (id int PRIMARY KEY);
CREATE TABLE cities (id int PRIMARY KEY, country int REFERENCES countries ON DELETE CASCADE ON UPDATE CASCADE, name text, UNIQUE (id, country));
CREATE TABLE streets (id int PRIMARY KEY, city int, country int,
  FOREIGN KEY (city, country) REFERENCES cities (id, country) ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE houses (id int PRIMARY KEY, street int REFERENCES streets ON DELETE CASCADE, city int REFERENCES cities ON DELETE SET NULL);
INSERT INTO countries SELECT generate_series(1, 6);
INSERT INTO cities SELECT g, g % 6 + 1, 'city ' || g FROM generate_series(1, 24) g;
INSERT INTO streets SELECT g, g % 24 + 1, (g % 24 + 1) % 6 + 1 FROM generate_series(1, 72) g;
INSERT INTO houses SELECT g, g % 72 + 1, g % 24 + 1 FROM generate_series(1, 144) g;
CREATE TABLE lost (nr serial PRIMARY KEY, city int, name text);
CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO lost (city, name) VALUES (OLD.id, OLD.name); RETURN NULL; END';
CREATE TRIGGER loses AFTER DELETE ON cities FOR EACH ROW EXECUTE FUNCTION lose();
RESET ROLE;
