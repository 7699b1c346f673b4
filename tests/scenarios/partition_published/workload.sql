SET ROLE scn_owner;
UPDATE days SET nr = nr + 1000 WHERE nr < 10;
