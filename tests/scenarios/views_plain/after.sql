SET ROLE scn_reader;
SELECT count(*), sum(amount) FROM everything;
SELECT * FROM reports.top;
RESET ROLE;
SET ROLE scn_clerk;
UPDATE everything SET note = 'by the clerk' WHERE id = 7;
RESET ROLE;
SELECT * FROM reports.both ORDER BY id;
SELECT id, note, paid FROM orders WHERE id IN (7, 101) ORDER BY id;
