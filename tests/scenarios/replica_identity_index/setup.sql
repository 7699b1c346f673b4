-- REPLICA IDENTITY USING INDEX, with a publication whose column list and filter keep to the index; a column included in it changes its type.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text, code int NOT NULL, lang text NOT NULL, rank int);
CREATE UNIQUE INDEX "News: code" ON news (lang, code) INCLUDE (rank);
INSERT INTO news SELECT g, 'head ' || g, g % 20, CASE WHEN g < 20 THEN 'de' ELSE 'en' END FROM generate_series(1, 39) g;
ALTER TABLE news REPLICA IDENTITY USING INDEX "News: code";
CREATE PUBLICATION press FOR TABLE news (lang, code) WHERE (lang = 'en');
RESET ROLE;
