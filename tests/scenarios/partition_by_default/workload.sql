UPDATE tree SET id = id + 1000 WHERE id BETWEEN 10 AND 20;
UPDATE tree SET id = id - 398, kind = 'a' WHERE id = 399;
DELETE FROM tree WHERE id = 350;
TRUNCATE tree_a_high;
