-- The triggers of a foreign key are disabled, so it does not hold: it is refused by name.
SET ROLE scn_owner;
CREATE TABLE rooms (id int PRIMARY KEY);
INSERT INTO rooms SELECT generate_series(1, 9);
CREATE TABLE beds (id int PRIMARY KEY, room int CONSTRAINT beds_room REFERENCES rooms);
INSERT INTO beds SELECT g, g % 9 + 1 FROM generate_series(1, 20) g;
RESET ROLE;
ALTER TABLE beds DISABLE TRIGGER ALL;
INSERT INTO beds VALUES (99, 99);
