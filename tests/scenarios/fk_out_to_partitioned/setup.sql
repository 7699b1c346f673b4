-- The table references a partitioned table with sub-partitions.
SET ROLE scn_owner;
CREATE TABLE years (year int, nr int, PRIMARY KEY (year, nr)) PARTITION BY LIST (year);
CREATE TABLE years_a PARTITION OF years FOR VALUES IN (2020, 2021);
CREATE TABLE years_b PARTITION OF years FOR VALUES IN (2022) PARTITION BY RANGE (nr);
CREATE TABLE years_b1 PARTITION OF years_b FOR VALUES FROM (0) TO (10);
CREATE TABLE years_b2 PARTITION OF years_b DEFAULT;
INSERT INTO years SELECT 2020 + g % 3, g FROM generate_series(0, 40) g;
CREATE TABLE notes (id int PRIMARY KEY, year int, nr int,
  CONSTRAINT of_year FOREIGN KEY (year, nr) REFERENCES years ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO notes SELECT g, 2020 + g % 41 % 3, g % 41 FROM generate_series(1, 120) g;
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
