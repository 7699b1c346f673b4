SELECT pubname, attnames FROM pg_publication_tables ORDER BY 1;
SET ROLE scn_owner;
UPDATE sums SET a = 7 WHERE id = 7;
