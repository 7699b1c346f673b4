\set ON_ERROR_STOP off
INSERT INTO homes VALUES (200, 99);
DELETE FROM strange.towns WHERE id = 9;
SELECT count(*), sum(town) FROM homes;
