SELECT md5(string_agg(zoo::text, '|' ORDER BY id)) FROM zoo;
SELECT count(*), min(x), max("z z") FROM cage;
