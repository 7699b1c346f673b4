-- The only long column goes and another comes, beside values that are kept out of line.
SET ROLE scn_owner;
CREATE TABLE pages (id int PRIMARY KEY, nr int, body text) WITH (toast.autovacuum_enabled = off);
ALTER TABLE pages ALTER COLUMN body SET STORAGE EXTERNAL;
INSERT INTO pages SELECT g, g, repeat('p', g * 200) FROM generate_series(1, 40) g;
RESET ROLE;
