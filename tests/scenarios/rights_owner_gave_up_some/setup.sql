-- The owner took a right from itself that the change does not need, and gave it back in part on a column.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE goods (id int PRIMARY KEY, name text, up int REFERENCES goods);
INSERT INTO goods SELECT g, 'name ' || g, nullif(g / 2, 0) FROM generate_series(1, 40) g;
CREATE TABLE others (id int PRIMARY KEY, good int REFERENCES goods);
INSERT INTO others SELECT g, g FROM generate_series(1, 40) g;
REVOKE REFERENCES ON goods FROM scn_owner;
GRANT REFERENCES (id) ON goods TO scn_owner;
GRANT SELECT ON goods TO scn_reader;
RESET ROLE;
