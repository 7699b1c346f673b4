SET ROLE scn_owner;
SELECT tried('UPDATE seats SET nr = 3 WHERE id = 10; SET CONSTRAINTS ALL IMMEDIATE');
SELECT tried('UPDATE seats SET during = ''[1,4000)'' WHERE id = 5; SET CONSTRAINTS ALL IMMEDIATE');
SELECT tried('INSERT INTO seats VALUES (3, 1000)');
UPDATE seats SET nr = nr + 1;
SELECT count(*), sum(nr) FROM seats;
