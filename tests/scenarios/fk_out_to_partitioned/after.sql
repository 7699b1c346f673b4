SET ROLE scn_owner;
SELECT tried('INSERT INTO notes VALUES (300, 2020, 99)');
SELECT tried('INSERT INTO notes VALUES (300, 2030, 1)');
SELECT tried('UPDATE years SET nr = nr + 1000 WHERE nr > 30');
SELECT tried('DELETE FROM years WHERE nr BETWEEN 10 AND 15');
SELECT tried('DELETE FROM years_a WHERE nr = 18');
SELECT count(*), sum(nr), sum(year) FROM notes;
