SET ROLE scn_owner;
DELETE FROM shelves WHERE hall = 2 AND nr = 3;
SELECT tried('INSERT INTO books (id, "Hall", shelf) VALUES (60, 9, 9)');
SELECT tried('INSERT INTO books (id, old_hall, nr) VALUES (60, 9, 9)');
SELECT * FROM books ORDER BY id;
