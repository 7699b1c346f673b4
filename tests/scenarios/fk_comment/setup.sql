-- Comments on the foreign keys of the table, of others to it and of itself, with quotes and percent signs.
SET ROLE scn_owner;
CREATE TABLE a (id int PRIMARY KEY);
INSERT INTO a SELECT g FROM generate_series(1, 20) g;
CREATE TABLE b (id int PRIMARY KEY, a_id int CONSTRAINT "to %s" REFERENCES a, up int CONSTRAINT up REFERENCES b);
CREATE TABLE c (id int PRIMARY KEY, b_id int CONSTRAINT "down 100%" REFERENCES b);
CREATE TABLE d (id int, b_id int CONSTRAINT parted REFERENCES b) PARTITION BY LIST (id);
CREATE TABLE d1 PARTITION OF d DEFAULT;
INSERT INTO b SELECT g, 1 + g % 20, 1 FROM generate_series(1, 60) g;
INSERT INTO c SELECT g, g FROM generate_series(1, 20) g;
INSERT INTO d SELECT g, g FROM generate_series(1, 20) g;
COMMENT ON CONSTRAINT "to %s" ON b IS 'it''s 100%s "sure" \n %%, %1$s';
COMMENT ON CONSTRAINT up ON b IS E'two\nlines';
COMMENT ON CONSTRAINT "down 100%" ON c IS '%I of 50% \';
COMMENT ON CONSTRAINT parted ON d IS '% of the parts';
RESET ROLE;
