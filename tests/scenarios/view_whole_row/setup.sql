-- A view that shows whole rows has a column of the table's row type, which cannot follow.
SET ROLE scn_owner;
CREATE TABLE things (id int PRIMARY KEY, label text);
INSERT INTO things SELECT g, 'thing ' || g FROM generate_series(1, 10) g;
CREATE VIEW whole AS SELECT things AS thing FROM things;
RESET ROLE;
