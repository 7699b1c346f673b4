SELECT pubname, attnames, rowfilter FROM pg_publication_tables WHERE tablename = 'p' ORDER BY 1;
UPDATE p SET name = 'after' WHERE id = 9;
SELECT count(*), max(name) FROM p;
