-- CHECK constraints that are NOT VALID stay so, with the rows that break them; one that does not inherit stays that.
SET ROLE scn_owner;
CREATE TABLE ages (id int PRIMARY KEY, age int, name text, CONSTRAINT own CHECK (age <> 77) NO INHERIT);
INSERT INTO ages SELECT g, g - 10, CASE WHEN g % 4 > 0 THEN 'n' || g END FROM generate_series(1, 50) g;
ALTER TABLE ages ADD CONSTRAINT adult CHECK (age >= 18) NOT VALID, ADD CONSTRAINT named CHECK (name IS NOT NULL) NOT VALID;
COMMENT ON CONSTRAINT adult ON ages IS 'some day';
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
RESET ROLE;
