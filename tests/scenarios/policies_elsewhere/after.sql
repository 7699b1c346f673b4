SET ROLE scn_clerk;
SELECT count(*) FROM files;
SELECT count(*) FROM far.folders;
SELECT tried('INSERT INTO files VALUES (100, 2)');
SELECT tried('INSERT INTO files VALUES (101, 3)');
RESET ROLE;
INSERT INTO teams SELECT g, 'nobody', 0 FROM generate_series(20, 24) g;
SET ROLE scn_clerk;
SELECT count(*) FROM far.folders;
