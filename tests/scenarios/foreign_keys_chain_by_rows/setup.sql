-- Cascades from above, within the table and below it, where each row is captured by itself.
SET ROLE scn_owner;
CREATE TABLE roots (id int PRIMARY KEY);
CREATE TABLE nodes (id int PRIMARY KEY, root int REFERENCES roots ON DELETE CASCADE ON UPDATE CASCADE,
  parent int REFERENCES nodes ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, label text);
CREATE TABLE leaves (id int PRIMARY KEY, node int REFERENCES nodes ON DELETE SET NULL ON UPDATE CASCADE);
INSERT INTO roots SELECT generate_series(1, 8);
INSERT INTO nodes SELECT g, g % 8 + 1, CASE WHEN g > 16 THEN g - 16 END, 'label ' || g FROM generate_series(1, 120) g;
INSERT INTO leaves SELECT g, g % 120 + 1 FROM generate_series(1, 200) g;
RESET ROLE;
