-- FOR ALL TABLES publications are allowed by option; a publication of the table by name is beside them.
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text);
INSERT INTO news SELECT g, 'head ' || g FROM generate_series(1, 40) g;
CREATE PUBLICATION by_name FOR TABLE news;
RESET ROLE;
CREATE PUBLICATION all_of_it FOR ALL TABLES;
CREATE PUBLICATION all_inserts FOR ALL TABLES WITH (publish = 'insert');
