SET ROLE scn_owner;
DELETE FROM base WHERE id IN (1, 11, 16, 31);
UPDATE base SET id = 130 WHERE id = 30;
