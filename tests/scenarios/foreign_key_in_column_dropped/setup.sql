-- A referenced column is to be dropped: PostgreSQL says no, and so does the plan.
SET ROLE scn_owner;
CREATE TABLE rooms (id int PRIMARY KEY, code text NOT NULL UNIQUE);
INSERT INTO rooms SELECT g, 'r' || g FROM generate_series(1, 9) g;
CREATE TABLE beds (id int PRIMARY KEY, room text CONSTRAINT beds_room REFERENCES rooms (code));
INSERT INTO beds SELECT g, 'r' || g % 9 + 1 FROM generate_series(1, 20) g;
RESET ROLE;
