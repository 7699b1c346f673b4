SET ROLE scn_owner;
UPDATE layers SET size = 9 WHERE id = 100;
UPDATE layers SET name = 'no' WHERE id = 100;
INSERT INTO after_drop (id) VALUES (101);
SELECT * FROM after_drop WHERE id > 45 ORDER BY id;
SELECT count(*) FROM before_drop;
SELECT count(*) FROM only_some;
SELECT * FROM audit ORDER BY nr;
