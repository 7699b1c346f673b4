SELECT * FROM plain ORDER BY id LIMIT 5;
SELECT * FROM summed;
SELECT * FROM joined ORDER BY id LIMIT 5;
SELECT sum(more) FROM on_plain;
UPDATE plain SET weight = 0 WHERE id = 1;
