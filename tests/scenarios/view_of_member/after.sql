SET ROLE scn_reader;
SELECT count(*), max(label) FROM of_team;
RESET ROLE;
SET ROLE scn_owner;
SELECT * FROM on_top;
