-- A column with a foreign key out of the table would get a type that cannot be compared with the referenced one.
SET ROLE scn_owner;
CREATE TABLE rooms (id int PRIMARY KEY);
INSERT INTO rooms SELECT generate_series(1, 9);
CREATE TABLE beds (id int PRIMARY KEY, room int CONSTRAINT beds_room REFERENCES rooms);
INSERT INTO beds SELECT g, g % 9 + 1 FROM generate_series(1, 20) g;
RESET ROLE;
