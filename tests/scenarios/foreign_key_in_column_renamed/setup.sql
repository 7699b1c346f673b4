-- Referenced columns are renamed, one to a name that another had before.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE shelves (hall int, nr int, old int NOT NULL, PRIMARY KEY (hall, nr), UNIQUE (nr, old));
INSERT INTO shelves SELECT h, n, h * 10 FROM generate_series(1, 3) h, generate_series(1, 8) n;
CREATE TABLE books (id int PRIMARY KEY, hall int, nr int, old int,
  CONSTRAINT books_shelf FOREIGN KEY (hall, nr) REFERENCES shelves ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT books_old_shelf FOREIGN KEY (nr, old) REFERENCES shelves (nr, old) ON UPDATE CASCADE);
INSERT INTO books SELECT g, g % 3 + 1, g % 8 + 1, (g % 3 + 1) * 10 FROM generate_series(1, 40) g;
RESET ROLE;
