-- A column that a publication's row filter reads is to change its type: PostgreSQL says no, and so does the plan.
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text, rank int);
INSERT INTO news SELECT g, 'head ' || g, g FROM generate_series(1, 40) g;
CREATE PUBLICATION first_ones FOR TABLE news WHERE (rank < 10) WITH (publish = 'insert');
RESET ROLE;
