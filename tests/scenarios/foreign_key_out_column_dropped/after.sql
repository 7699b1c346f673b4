SET ROLE scn_owner;
DELETE FROM teams WHERE id = 20;
DELETE FROM teams WHERE id = 2;
SELECT tried('INSERT INTO games VALUES (60, 20)');
SELECT count(*), sum(guest) FROM games;
