SET ROLE scn_owner;
INSERT INTO sales VALUES (1001, 'shop 9', 5, '2024-05-05');
REFRESH MATERIALIZED VIEW CONCURRENTLY totals;
RESET ROLE;
SET ROLE scn_reader;
SELECT count(*), sum(amount) FROM totals;
