SET ROLE scn_owner;
UPDATE articles SET ean = 5003, nr = 103 WHERE nr = 3;
DELETE FROM articles WHERE nr = 4;
