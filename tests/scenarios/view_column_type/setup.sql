-- The ALTER changes the type of a column that a view uses: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE readings (id int PRIMARY KEY, value int, unit text);
INSERT INTO readings SELECT g, g * 2, 'mm' FROM generate_series(1, 20) g;
CREATE VIEW high AS SELECT id FROM readings WHERE value > 10;
CREATE VIEW on_high AS SELECT count(*) FROM high;
RESET ROLE;
