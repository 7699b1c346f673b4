-- Publications of the table with a column list, a row filter, both, and neither; other tables are members, too.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE readers (id int PRIMARY KEY, name text);
CREATE TABLE books (id int PRIMARY KEY, title text, "Price in €" int, secret text, isbn text NOT NULL UNIQUE);
INSERT INTO books SELECT g, 'title ' || g, g, 's', 'i' || g FROM generate_series(1, 50) g;
CREATE PUBLICATION of_columns FOR TABLE books (id, title), readers;
CREATE PUBLICATION of_rows FOR TABLE readers WHERE (id > 1), books WHERE ("Price in €" > 10 AND title <> 'WHERE (x)') WITH (publish = 'insert');
CREATE PUBLICATION "Of both" FOR TABLE books ("Price in €", id) WHERE (id < 40) WITH (publish = 'insert, update, delete, truncate');
CREATE PUBLICATION of_all FOR TABLE books WITH (publish_via_partition_root = true);
CREATE PUBLICATION of_others FOR TABLE readers;
COMMENT ON PUBLICATION of_rows IS 'only dear ones';
RESET ROLE;
