SET ROLE scn_owner;
INSERT INTO books VALUES (60, 'new', 6, 's', 'i60');
UPDATE books SET title = 'other' WHERE id < 5;
DELETE FROM books WHERE id = 7;
