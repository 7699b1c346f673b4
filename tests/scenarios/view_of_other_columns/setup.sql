-- The ALTER changes the type of one column and drops another, neither of which the views use.
SET ROLE scn_owner;
CREATE TABLE readings (gone int, id int PRIMARY KEY, value int, unit text, remark varchar(20), raw text);
ALTER TABLE readings DROP COLUMN gone;
INSERT INTO readings SELECT g, g * 2, 'mm', 'remark ' || g, repeat('x', g) FROM generate_series(1, 50) g;
CREATE VIEW shown AS SELECT id, unit, remark FROM readings;
CREATE VIEW shown_again AS SELECT remark, id FROM shown WHERE unit = 'mm' WITH CHECK OPTION;
RESET ROLE;
