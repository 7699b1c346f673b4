SET ROLE scn_owner;
UPDATE pages SET body = repeat('q', 7000), nr = -nr WHERE id % 6 = 0;
UPDATE pages SET body = 'short' WHERE id % 7 = 0;
