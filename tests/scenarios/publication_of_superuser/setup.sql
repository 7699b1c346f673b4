-- The publication belongs to a superuser: the login may not make the new table a member of it.
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text);
INSERT INTO news SELECT g, 'head ' || g FROM generate_series(1, 40) g;
RESET ROLE;
CREATE PUBLICATION "Of the admin" FOR TABLE news;
