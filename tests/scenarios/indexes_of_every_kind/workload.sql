SET ROLE scn_owner;
UPDATE words SET w = w || '!', n = NULL WHERE id % 11 = 0;
DELETE FROM words WHERE id % 13 = 0;
INSERT INTO words (id, w) VALUES (900, 'only');
