-- A referenced column would get a type that cannot be compared with the referencing column's.
SET ROLE scn_owner;
CREATE TABLE rooms (id int PRIMARY KEY);
INSERT INTO rooms SELECT generate_series(1, 9);
CREATE TABLE beds (id int PRIMARY KEY, room int CONSTRAINT beds_room REFERENCES rooms);
INSERT INTO beds SELECT g, g % 9 + 1 FROM generate_series(1, 20) g;
RESET ROLE;
