SET ROLE scn_owner;
SELECT * FROM dear ORDER BY id;
SELECT many, of_counted() FROM counted;
INSERT INTO snapshots (id) VALUES (2);
SELECT * FROM snapshots ORDER BY id;
