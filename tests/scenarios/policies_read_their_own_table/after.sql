SET ROLE scn_clerk;
SELECT id FROM staff ORDER BY id;
RESET ROLE;
SET ROLE scn_reader;
SELECT tried('SELECT count(*) FROM staff');
