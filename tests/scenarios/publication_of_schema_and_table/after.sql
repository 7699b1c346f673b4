SELECT pubname, schemaname, tablename, attnames FROM pg_publication_tables ORDER BY 1, 2, 3;
SET ROLE scn_owner;
DELETE FROM open.news WHERE id = 4;
