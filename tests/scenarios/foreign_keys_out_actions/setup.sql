-- Foreign keys out of the table, one for each action on delete and on update, with comments.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE ports (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO ports SELECT g, 'port ' || g FROM generate_series(0, 60) g;
CREATE TABLE ships (
  id int PRIMARY KEY,
  by_default int REFERENCES ports,
  restricted int CONSTRAINT "restricted, both" REFERENCES ports ON DELETE RESTRICT ON UPDATE RESTRICT,
  cascaded int REFERENCES ports ON DELETE CASCADE ON UPDATE CASCADE,
  nulled int REFERENCES ports ON DELETE SET NULL ON UPDATE SET NULL,
  defaulted int DEFAULT 0 REFERENCES ports ON DELETE SET DEFAULT ON UPDATE SET DEFAULT,
  mixed int REFERENCES ports ON DELETE SET NULL ON UPDATE CASCADE,
  tons int
);
INSERT INTO ships SELECT g, g % 10 + 1, g % 10 + 11, g % 10 + 21, g % 10 + 31, g % 10 + 41, g % 10 + 51, g * 100 FROM generate_series(1, 100) g;
COMMENT ON CONSTRAINT ships_by_default_fkey ON ships IS 'no action';
COMMENT ON CONSTRAINT "restricted, both" ON ships IS 'it''s restricted';
RESET ROLE;
