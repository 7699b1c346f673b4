SET ROLE scn_owner;
UPDATE shelves SET nr = 71 WHERE "Hall" = 2 AND hall = 4;
SELECT tried('DELETE FROM shelves WHERE "Hall" = 2 AND hall = 3');
SELECT tried('INSERT INTO books (id, hall, nr) VALUES (60, 9, 9)');
SELECT tried('INSERT INTO books (id, nr, old) VALUES (60, 9, 9)');
SELECT * FROM books ORDER BY id;
