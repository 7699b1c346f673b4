-- The table is a member of the owner's publication by name, with the whole row, and of a superuser's by its schema.
CREATE SCHEMA open AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE open.news (id int PRIMARY KEY, head text);
CREATE TABLE elsewhere (id int PRIMARY KEY);
INSERT INTO open.news SELECT g, 'head ' || g FROM generate_series(1, 40) g;
CREATE PUBLICATION by_name FOR TABLE open.news, elsewhere;
RESET ROLE;
CREATE PUBLICATION by_schema FOR TABLES IN SCHEMA open;
