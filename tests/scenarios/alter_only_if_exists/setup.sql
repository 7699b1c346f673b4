-- ALTER TABLE IF EXISTS ONLY, ADD COLUMN IF NOT EXISTS and DROP COLUMN IF EXISTS, of which some have nothing to do.
SET ROLE scn_owner;
CREATE TABLE things (id int PRIMARY KEY, label text, size int, old int, CONSTRAINT big CHECK (size < 1000));
INSERT INTO things SELECT g, 'thing ' || g, g, g FROM generate_series(1, 30) g;
CREATE VIEW shown AS SELECT id, label FROM things;
RESET ROLE;
