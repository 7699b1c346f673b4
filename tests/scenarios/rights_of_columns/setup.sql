-- Rights on single columns: some are renamed, dropped, retyped or added beside; a dropped column left rights behind.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE staff (gone text, id int PRIMARY KEY, name text, wage int, phone text, room int);
INSERT INTO staff SELECT 'x', g, 'name ' || g, g * 100, 'p' || g, g FROM generate_series(1, 30) g;
GRANT SELECT (gone, id, name, room), UPDATE (phone) ON staff TO scn_reader;
GRANT SELECT, INSERT (id, name, wage), REFERENCES (id) ON staff TO scn_clerk;
GRANT SELECT (name) ON staff TO PUBLIC;
ALTER TABLE staff DROP COLUMN gone;
RESET ROLE;
