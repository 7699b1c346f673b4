SET ROLE scn_reader;
SELECT * FROM api.title(3);
RESET ROLE;
SET ROLE scn_owner;
SELECT how_many(), how_many(5), how_many(2, 4), api.shortest();
SELECT * FROM api.listed(7, 8, 1007);
CALL close_ticket(20);
SELECT api.vote(1020);
SELECT * FROM tickets WHERE id >= 1000 ORDER BY id;
