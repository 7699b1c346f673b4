-- A partitioned table with sub-partitions references the table; one leaf has a foreign key of its own besides.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, name text);
INSERT INTO p SELECT g, 'p' FROM generate_series(1, 40) g;
CREATE TABLE c (id int, kind text, p int CONSTRAINT to_p REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE) PARTITION BY LIST (kind);
CREATE TABLE c_a PARTITION OF c FOR VALUES IN ('a');
CREATE TABLE c_b PARTITION OF c FOR VALUES IN ('b') PARTITION BY RANGE (id);
CREATE TABLE c_b1 PARTITION OF c_b FOR VALUES FROM (0) TO (50);
CREATE TABLE c_b2 (p int, gone text, kind text, id int);
ALTER TABLE c_b2 DROP COLUMN gone;
ALTER TABLE c_b ATTACH PARTITION c_b2 DEFAULT;
CREATE TABLE c_rest PARTITION OF c DEFAULT;
ALTER TABLE c_a ADD CONSTRAINT own_key FOREIGN KEY (id) REFERENCES p;
INSERT INTO c SELECT g, (ARRAY['a', 'b', 'c'])[1 + g % 3], 1 + g % 40 FROM generate_series(1, 38) g;
INSERT INTO c SELECT g, 'b', 1 + g % 40 FROM generate_series(60, 90) g;
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE what;
  GET DIAGNOSTICS n = ROW_COUNT;
  SET CONSTRAINTS ALL IMMEDIATE;
  SET CONSTRAINTS ALL DEFERRED;
  RETURN 'done ' || n;
EXCEPTION WHEN OTHERS THEN RETURN sqlstate || ' ' || sqlerrm;
END $$;
RESET ROLE;
