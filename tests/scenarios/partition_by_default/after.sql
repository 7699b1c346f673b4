INSERT INTO tree (id, kind) VALUES (5000, 'a');
SELECT tableoid::regclass::text, count(*), sum(n) FROM tree GROUP BY 1 ORDER BY 1;
CREATE TABLE tree_a_more PARTITION OF tree_a FOR VALUES FROM (6000) TO (7000);
