-- Foreign keys into the table from six tables, one for each action on delete and on update.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE ports (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO ports SELECT g, 'port ' || g FROM generate_series(0, 60) g;
CREATE TABLE f_plain (id int PRIMARY KEY, port int REFERENCES ports);
CREATE TABLE e_restricted (id int PRIMARY KEY, port int CONSTRAINT "restricted, both" REFERENCES ports ON DELETE RESTRICT ON UPDATE RESTRICT);
CREATE TABLE d_cascaded (id int PRIMARY KEY, port int REFERENCES ports ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE c_nulled (id int PRIMARY KEY, port int REFERENCES ports ON DELETE SET NULL ON UPDATE SET NULL);
CREATE TABLE b_defaulted (id int PRIMARY KEY, port int DEFAULT 0 REFERENCES ports ON DELETE SET DEFAULT ON UPDATE SET DEFAULT);
CREATE TABLE a_mixed (id int PRIMARY KEY, port int REFERENCES ports ON DELETE SET NULL ON UPDATE CASCADE, twice int REFERENCES ports);
INSERT INTO f_plain SELECT g, g % 10 + 1 FROM generate_series(1, 40) g;
INSERT INTO e_restricted SELECT g, g % 10 + 11 FROM generate_series(1, 40) g;
INSERT INTO d_cascaded SELECT g, g % 10 + 21 FROM generate_series(1, 40) g;
INSERT INTO c_nulled SELECT g, g % 10 + 31 FROM generate_series(1, 40) g;
INSERT INTO b_defaulted SELECT g, g % 10 + 41 FROM generate_series(1, 40) g;
INSERT INTO a_mixed SELECT g, g % 10 + 51, g % 10 + 1 FROM generate_series(1, 40) g;
COMMENT ON CONSTRAINT "restricted, both" ON e_restricted IS 'it''s restricted';
COMMENT ON CONSTRAINT d_cascaded_port_fkey ON d_cascaded IS '100% cascaded';
RESET ROLE;
