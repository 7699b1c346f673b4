SELECT * FROM things ORDER BY id LIMIT 3;
SELECT count(*) FROM shown;
