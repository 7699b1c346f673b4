-- Two tables that reference each other, deferred both ways, and a third foreign key the one way.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE heads (id int PRIMARY KEY, name text);
CREATE TABLE bodies (id int PRIMARY KEY, head int NOT NULL UNIQUE REFERENCES heads ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO heads SELECT g, 'head ' || g FROM generate_series(1, 30) g;
INSERT INTO bodies SELECT g + 100, g FROM generate_series(1, 30) g;
ALTER TABLE heads ADD COLUMN body int REFERENCES bodies ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE heads ADD COLUMN spare int REFERENCES bodies (head) ON DELETE SET NULL;
UPDATE heads SET body = id + 100, spare = 31 - id;
RESET ROLE;
