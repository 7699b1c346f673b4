-- TRUNCATE of the table goes on to the referencing tables, and TRUNCATE of a referenced table to the table.
SET ROLE scn_owner;
CREATE TABLE top (id int PRIMARY KEY);
CREATE TABLE middle (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, top int REFERENCES top, body text);
CREATE TABLE bottom (id int PRIMARY KEY, middle int REFERENCES middle);
INSERT INTO top SELECT generate_series(1, 5);
INSERT INTO middle (top, body) SELECT g % 5 + 1, 'body ' || g FROM generate_series(1, 30) g;
INSERT INTO bottom SELECT g, g FROM generate_series(1, 30) g;
RESET ROLE;
