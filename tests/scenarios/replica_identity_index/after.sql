SET ROLE scn_owner;
UPDATE news SET head = 'y', code = 70 WHERE id = 5;
DELETE FROM news WHERE id = 6;
SELECT tried('ALTER TABLE news ALTER COLUMN lang DROP NOT NULL');
SELECT * FROM news ORDER BY id;
