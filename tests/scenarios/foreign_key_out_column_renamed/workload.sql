SET ROLE scn_owner;
DELETE FROM shelves WHERE hall = 1 AND nr = 2;
UPDATE shelves SET nr = 18 WHERE nr = 8 AND hall = 2;
INSERT INTO books VALUES (50, 3, 3, 2, 2, 'new');
