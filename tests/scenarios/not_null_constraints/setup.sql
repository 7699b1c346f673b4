-- NOT NULL constraints with names, comments, NO INHERIT, and one that is NOT VALID.
SET ROLE scn_owner;
CREATE TABLE forms (id int PRIMARY KEY, a int CONSTRAINT "A there" NOT NULL, b text NOT NULL, c int CONSTRAINT c_there NOT NULL NO INHERIT, d int, e text);
INSERT INTO forms SELECT g, g, 'b', g, nullif(g % 5, 0), 'e' FROM generate_series(1, 30) g;
ALTER TABLE forms ADD CONSTRAINT d_some_day NOT NULL d NOT VALID;
COMMENT ON CONSTRAINT "A there" ON forms IS 'it''s there';
COMMENT ON CONSTRAINT d_some_day ON forms IS 'later';
RESET ROLE;
