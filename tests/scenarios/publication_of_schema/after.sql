SELECT pubname, schemaname, tablename FROM pg_publication_tables ORDER BY 1, 2, 3;
SET ROLE scn_owner;
UPDATE open.news SET head = 'y' WHERE id = 4;
