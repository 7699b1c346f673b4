SELECT pubname, attnames, rowfilter FROM pg_publication_tables ORDER BY 1;
SET ROLE scn_owner;
INSERT INTO news (id, "Rank", head) VALUES (50, 'x', 5);
