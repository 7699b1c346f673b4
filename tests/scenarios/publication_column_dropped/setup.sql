-- A column that a publication's column list names is to be dropped: PostgreSQL says no, and so does the plan.
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text, body text);
INSERT INTO news SELECT g, 'head ' || g FROM generate_series(1, 40) g;
CREATE PUBLICATION heads FOR TABLE news (id, head);
RESET ROLE;
