SET ROLE scn_owner;
BEGIN;
INSERT INTO readings VALUES ('2023-05-05', 40, 1), ('2025-05-05', 40, 2);
INSERT INTO meters VALUES (40, 'late');
COMMIT;
DELETE FROM meters WHERE id = 13;
