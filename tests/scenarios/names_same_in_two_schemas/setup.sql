-- Tables of the same name in three schemas, two of them outside the search_path; views and functions that use several.
CREATE SCHEMA north AUTHORIZATION scn_owner;
CREATE SCHEMA south AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE public.cities (id int PRIMARY KEY, name text);
CREATE TABLE north.cities (id int PRIMARY KEY, name text);
CREATE TABLE south.cities (id int PRIMARY KEY, name text);
CREATE INDEX by_name ON public.cities (name);
CREATE INDEX by_name ON north.cities (name);
CREATE INDEX by_name ON south.cities (name);
INSERT INTO public.cities SELECT g, 'public ' || g FROM generate_series(1, 10) g;
INSERT INTO north.cities SELECT g, 'north ' || g FROM generate_series(1, 20) g;
INSERT INTO south.cities SELECT g, 'south ' || g FROM generate_series(1, 30) g;
CREATE VIEW north.everywhere AS
  SELECT * FROM public.cities UNION ALL SELECT * FROM north.cities UNION ALL SELECT * FROM south.cities;
CREATE VIEW pairs AS SELECT cities.id, n.name AS north, south.name AS south, cities.name
  FROM cities JOIN north.cities n USING (id) JOIN south.cities south USING (id);
CREATE FUNCTION north.count_all() RETURNS bigint BEGIN ATOMIC
  SELECT (SELECT count(*) FROM cities) * 10000 + (SELECT count(*) FROM north.cities) * 100 + (SELECT count(*) FROM south.cities);
END;
CREATE FUNCTION to_south() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO south.cities VALUES (NEW.id, NEW.name) ON CONFLICT DO NOTHING; RETURN NULL; END';
CREATE TRIGGER to_south AFTER INSERT ON north.cities FOR EACH ROW EXECUTE FUNCTION to_south();
CREATE TRIGGER to_south AFTER INSERT ON public.cities FOR EACH ROW EXECUTE FUNCTION to_south();
RESET ROLE;
