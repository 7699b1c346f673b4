-- The table's row type and its array type have comments, and the row type rights of its own.
SET ROLE scn_owner;
CREATE TABLE ships (id int PRIMARY KEY, name text);
INSERT INTO ships SELECT g, 'ship ' || g FROM generate_series(1, 20) g;
COMMENT ON TYPE ships IS 'the row type';
COMMENT ON TYPE ships[] IS 'the array type';
REVOKE USAGE ON TYPE ships FROM PUBLIC;
GRANT USAGE ON TYPE ships TO scn_clerk WITH GRANT OPTION;
RESET ROLE;
