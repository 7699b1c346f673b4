SET ROLE scn_owner;
INSERT INTO middle (top, body) VALUES (3, 'more');
SELECT * FROM middle ORDER BY id;
TRUNCATE top CASCADE;
SELECT (SELECT count(*) FROM middle), (SELECT count(*) FROM bottom);
