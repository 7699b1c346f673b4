-- Extended statistics of every kind, in the table's schema and in another, with targets, expressions and comments.
CREATE SCHEMA numbers AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE addresses (id int PRIMARY KEY, zip text, city text, street text, nr int);
INSERT INTO addresses SELECT g, 'z' || g % 20, 'c' || g % 10, 's' || g % 30, g % 50 FROM generate_series(1, 300) g;
CREATE STATISTICS zip_city (dependencies) ON zip, city FROM addresses;
CREATE STATISTICS numbers."Zip, City" (ndistinct, mcv) ON zip, city, street FROM addresses;
CREATE STATISTICS of_expressions (mcv) ON (lower(city)), (nr % 10), zip FROM addresses;
CREATE STATISTICS one_expression ON (nr * 2) FROM addresses;
CREATE STATISTICS goes_with_the_column ON street, nr FROM addresses;
ALTER STATISTICS zip_city SET STATISTICS 55;
ALTER STATISTICS numbers."Zip, City" SET STATISTICS 0;
COMMENT ON STATISTICS zip_city IS 'zip decides city';
COMMENT ON STATISTICS numbers."Zip, City" IS 'it''s elsewhere';
RESET ROLE;
ANALYZE addresses;
