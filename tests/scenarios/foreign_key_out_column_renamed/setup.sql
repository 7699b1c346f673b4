-- Columns with foreign keys out of the table are renamed, one to a name that another had before.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE shelves (hall int, nr int, PRIMARY KEY (hall, nr));
INSERT INTO shelves SELECT h, n FROM generate_series(1, 3) h, generate_series(1, 8) n;
CREATE TABLE books (id int PRIMARY KEY, hall int, nr int, old_hall int, old_nr int, title text,
  CONSTRAINT books_shelf FOREIGN KEY (hall, nr) REFERENCES shelves ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT books_old_shelf FOREIGN KEY (old_hall, old_nr) REFERENCES shelves ON DELETE SET NULL);
INSERT INTO books SELECT g, g % 3 + 1, g % 8 + 1, g % 2 + 1, g % 7 + 1, 'title ' || g FROM generate_series(1, 40) g;
RESET ROLE;
