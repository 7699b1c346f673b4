-- Of several foreign keys the one made first acts first: that decides whether a cascade clears the way for a restriction.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE parents (id int PRIMARY KEY, name text);
INSERT INTO parents SELECT g, 'parent ' || g FROM generate_series(1, 20) g;
CREATE TABLE first_cascades (id int PRIMARY KEY, parent int);
ALTER TABLE first_cascades ADD CONSTRAINT z_cascade FOREIGN KEY (parent) REFERENCES parents ON DELETE CASCADE;
ALTER TABLE first_cascades ADD CONSTRAINT a_restrict FOREIGN KEY (parent) REFERENCES parents ON DELETE RESTRICT;
CREATE TABLE first_restricts (id int PRIMARY KEY, parent int);
ALTER TABLE first_restricts ADD CONSTRAINT y_restrict FOREIGN KEY (parent) REFERENCES parents ON DELETE RESTRICT;
ALTER TABLE first_restricts ADD CONSTRAINT b_cascade FOREIGN KEY (parent) REFERENCES parents ON DELETE CASCADE;
ALTER TABLE parents ADD COLUMN boss int CONSTRAINT m_self REFERENCES parents ON DELETE SET NULL;
INSERT INTO first_cascades SELECT g, g FROM generate_series(1, 10) g;
INSERT INTO first_restricts SELECT g, g FROM generate_series(11, 20) g;
UPDATE parents SET boss = id - 1 WHERE id IN (4, 14);
RESET ROLE;
