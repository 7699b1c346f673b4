-- Views that group by the primary key and show other columns, so they depend on its constraint.
SET ROLE scn_owner;
CREATE TABLE authors (id int PRIMARY KEY, name text NOT NULL, country text);
CREATE TABLE books (id int PRIMARY KEY, author int NOT NULL, pages int);
INSERT INTO authors SELECT g, 'author ' || g, 'country ' || g % 4 FROM generate_series(1, 12) g;
INSERT INTO books SELECT g, g % 12 + 1, g * 10 FROM generate_series(1, 50) g;
CREATE VIEW productive AS
  SELECT a.id, a.name, a.country, count(b.id) AS many, sum(b.pages) AS pages
  FROM authors a LEFT JOIN books b ON b.author = a.id GROUP BY a.id;
CREATE VIEW single AS SELECT name FROM authors GROUP BY id HAVING max(country) > 'country 1';
RESET ROLE;
