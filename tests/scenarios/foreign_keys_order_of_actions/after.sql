SET ROLE scn_owner;
SELECT tried('DELETE FROM parents WHERE id = 3');
SELECT tried('DELETE FROM parents WHERE id = 13');
SELECT * FROM parents ORDER BY id;
SELECT * FROM first_cascades UNION ALL SELECT * FROM first_restricts ORDER BY 1;
