SELECT * FROM tree ORDER BY id;
SELECT id, looped FROM leaves ORDER BY id;
