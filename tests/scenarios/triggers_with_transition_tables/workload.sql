SET ROLE scn_owner;
INSERT INTO moves SELECT g, g, g FROM generate_series(95, 105) g;
UPDATE moves SET x = x + 5 WHERE id % 4 = 0;
DELETE FROM moves WHERE id % 10 = 0;
MERGE INTO moves m USING (VALUES (1), (300)) v (id) ON m.id = v.id
WHEN MATCHED THEN UPDATE SET x = 1 WHEN NOT MATCHED THEN INSERT VALUES (v.id, 2, 3);
