SET ROLE scn_owner;
CALL raise_votes();
