SET ROLE scn_owner;
SELECT best(4);
SELECT by_best(5);
CALL raise_votes();
SELECT * FROM tickets WHERE id < 5 ORDER BY id;
