SET ROLE scn_owner;
UPDATE shelves SET old = 70 WHERE hall = 2 AND nr = 3;
DELETE FROM books WHERE hall = 1 AND nr = 2;
DELETE FROM shelves WHERE hall = 1 AND nr = 2;
INSERT INTO books VALUES (50, 3, 3, 30);
