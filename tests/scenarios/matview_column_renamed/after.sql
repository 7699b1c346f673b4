SET ROLE scn_owner;
SELECT * FROM shown ORDER BY id;
INSERT INTO hits (many, page, url) VALUES (900, 4, 'page 3');
REFRESH MATERIALIZED VIEW sums;
REFRESH MATERIALIZED VIEW copy;
SELECT * FROM shown WHERE page = 'page 3' ORDER BY id;
