-- The parent is partitioned by expressions, with a collation and an operator class, so there is no key to speak of; the bound calls a function.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE FUNCTION start(text) RETURNS text IMMUTABLE STRICT LANGUAGE sql AS 'SELECT substr($1, 1, 1)';
CREATE TABLE words (id int NOT NULL, word text COLLATE "C", len int) PARTITION BY RANGE (start(lower(word)) COLLATE "C" text_pattern_ops, len);
CREATE TABLE words_a PARTITION OF words (id PRIMARY KEY) FOR VALUES FROM ('a', MINVALUE) TO ('m', 5);
CREATE TABLE words_m PARTITION OF words FOR VALUES FROM ('m', 5) TO (MAXVALUE, MAXVALUE);
CREATE TABLE words_else PARTITION OF words DEFAULT;
INSERT INTO words SELECT g, chr(97 + g % 26) || g, g FROM generate_series(1, 104) g;
INSERT INTO words VALUES (200, NULL, 1);
RESET ROLE;
