-- The ALTER renames a column that rules of the table and of another one use.
SET ROLE scn_owner;
CREATE TABLE stock (id int PRIMARY KEY, many int NOT NULL);
CREATE TABLE inbox (id int PRIMARY KEY, many int);
CREATE TABLE history (nr serial PRIMARY KEY, what text);
INSERT INTO stock SELECT g, g * 10 FROM generate_series(1, 20) g;
CREATE RULE take_in AS ON INSERT TO inbox DO ALSO UPDATE stock SET many = stock.many + NEW.many WHERE id = NEW.id;
CREATE RULE note AS ON UPDATE TO stock WHERE NEW.many > 100 DO ALSO INSERT INTO history (what) VALUES (OLD.many || '>' || NEW.many);
RESET ROLE;
