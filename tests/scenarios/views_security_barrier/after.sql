SET ROLE scn_reader;
SELECT id FROM mine WHERE leak(id) ORDER BY id;
SELECT count(*) FROM mine_too;
RESET ROLE;
SELECT count(*), min(id) FROM leaked;
