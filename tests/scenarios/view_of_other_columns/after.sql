SELECT count(*), max(remark) FROM shown_again;
UPDATE shown SET remark = 'again' WHERE id = 60;
SELECT * FROM readings WHERE id > 48 ORDER BY id;
