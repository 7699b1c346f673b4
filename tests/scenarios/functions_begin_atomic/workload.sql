SET ROLE scn_owner;
SELECT api.vote(3);
CALL close_ticket(7);
