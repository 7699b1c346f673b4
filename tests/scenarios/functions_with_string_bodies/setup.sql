-- Functions whose bodies are strings name the table, its columns and its row type, and find the new one by themselves.
SET ROLE scn_owner;
CREATE TABLE cars (id int PRIMARY KEY, plate text NOT NULL, doors int);
INSERT INTO cars SELECT g, 'B-' || g, g % 3 + 2 FROM generate_series(1, 30) g;
CREATE FUNCTION plate_of(car cars.id%TYPE) RETURNS cars.plate%TYPE LANGUAGE plpgsql AS $$
DECLARE one cars%ROWTYPE; door cars.doors%TYPE;
BEGIN
  SELECT * INTO one FROM cars WHERE id = car;
  door := one.doors;
  RETURN one.plate || ' ' || door;
END $$;
CREATE FUNCTION many_doors(lo int) RETURNS TABLE (id int, plate text) LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY SELECT c.id, c.plate FROM cars c WHERE c.doors >= lo ORDER BY c.id; END $$;
CREATE FUNCTION count_cars() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM cars';
CREATE FUNCTION row_text(car int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record; c cars;
BEGIN
  FOR r IN SELECT * FROM cars WHERE cars.id = car LOOP c := r; END LOOP;
  RETURN (c).plate || to_jsonb(c);
END $$;
CREATE PROCEDURE add_car(n int) LANGUAGE sql AS 'INSERT INTO cars VALUES (n, ''new'', 5)';
RESET ROLE;
