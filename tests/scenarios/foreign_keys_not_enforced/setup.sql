-- Foreign keys out of and into the table that are NOT ENFORCED, with rows that break them.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE up (id int PRIMARY KEY);
INSERT INTO up SELECT generate_series(1, 10);
CREATE TABLE mid (id int PRIMARY KEY, up int CONSTRAINT to_up REFERENCES up ON DELETE CASCADE NOT ENFORCED, note text);
INSERT INTO mid SELECT g, g FROM generate_series(1, 20) g;
CREATE TABLE down (id int PRIMARY KEY, mid int CONSTRAINT to_mid REFERENCES mid NOT ENFORCED, more int CONSTRAINT to_mid_too REFERENCES mid);
INSERT INTO down SELECT g, g * 2, g FROM generate_series(1, 20) g;
COMMENT ON CONSTRAINT to_mid ON down IS 'only a word';
RESET ROLE;
