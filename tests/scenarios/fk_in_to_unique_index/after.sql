SET ROLE scn_owner;
SELECT tried('INSERT INTO c VALUES (200, 1)');
SELECT tried('UPDATE p SET nr = nr + 1001 WHERE id < 3');
SELECT tried('DELETE FROM p WHERE id = 10');
SELECT tried('DROP INDEX "z whole"');
SELECT tried('DROP INDEX a_part');
SELECT count(*), sum(nr) FROM c;
