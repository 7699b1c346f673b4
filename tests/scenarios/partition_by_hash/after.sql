INSERT INTO spread SELECT g, 'x' FROM generate_series(700, 720) g;
SELECT tableoid::regclass::text, count(*), sum(id) FROM spread GROUP BY 1 ORDER BY 1;
SELECT pubname, tablename FROM pg_publication_tables ORDER BY 1, 2;
