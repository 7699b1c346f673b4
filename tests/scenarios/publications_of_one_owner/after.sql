SET ROLE scn_owner;
INSERT INTO news (head) VALUES ('newest');
SELECT tried('ALTER PUBLICATION press ADD TABLE news');
SELECT * FROM news ORDER BY id;
SELECT pubname, tablename FROM pg_publication_tables ORDER BY 1, 2;
