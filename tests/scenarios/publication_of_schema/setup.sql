-- A publication of the table's schema, one of another schema, and one of a table and a schema.
CREATE SCHEMA open AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE open.news (id int PRIMARY KEY, head text);
CREATE TABLE open.others (id int PRIMARY KEY);
INSERT INTO open.news SELECT g, 'head ' || g FROM generate_series(1, 40) g;
RESET ROLE;
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA open;
CREATE PUBLICATION of_public FOR TABLES IN SCHEMA public;
