-- A FOR ALL TABLES publication would publish the new table and the log: refused.
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text);
INSERT INTO news SELECT g, 'head ' || g FROM generate_series(1, 40) g;
RESET ROLE;
CREATE PUBLICATION "All of it" FOR ALL TABLES WITH (publish = 'insert');
