-- The table is a member of several publications of its owner, that publish different kinds of statements.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE news (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, head text, body text);
INSERT INTO news (head, body) SELECT 'head ' || g, repeat('body ', g) FROM generate_series(1, 40) g;
CREATE PUBLICATION press FOR TABLE news;
CREATE PUBLICATION "Late Press" FOR TABLE ONLY news WITH (publish = 'update, delete');
CREATE PUBLICATION none FOR TABLE news WITH (publish = '');
RESET ROLE;
CREATE PUBLICATION empty;
