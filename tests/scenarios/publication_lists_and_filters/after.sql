SELECT pubname, tablename, attnames, rowfilter FROM pg_publication_tables ORDER BY 1, 2;
SET ROLE scn_owner;
INSERT INTO books VALUES (70, 'new', 6, 's', 'i70');
UPDATE books SET title = 'third' WHERE id < 5;
SELECT tried('ALTER TABLE books DROP COLUMN title');
SELECT tried('ALTER PUBLICATION of_all DROP TABLE books');
SELECT tried('ALTER PUBLICATION of_all ADD TABLE books (isbn)');
