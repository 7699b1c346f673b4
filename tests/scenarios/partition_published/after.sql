SELECT pubname, tablename FROM pg_publication_tables ORDER BY 1, 2;
SET ROLE scn_owner;
UPDATE days SET nr = nr + 1000 WHERE nr < 20;
