-- The long column goes and only fixed columns are left; before, a dropped one was long already.
SET ROLE scn_owner;
CREATE TABLE pages (id int PRIMARY KEY, gone text, body text, nr int);
INSERT INTO pages SELECT g, repeat('g', 5000), repeat('p', g * 200), g FROM generate_series(1, 40) g;
ALTER TABLE pages DROP COLUMN gone;
RESET ROLE;
