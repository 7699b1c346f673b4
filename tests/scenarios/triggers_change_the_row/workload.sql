SET ROLE scn_owner;
INSERT INTO notes VALUES (510, 'moved');
UPDATE notes SET id = 520 WHERE id = 7;
UPDATE notes SET body = 'changed' WHERE id IN (8, 9, 610);
INSERT INTO notes VALUES (8, 'again') ON CONFLICT (id) DO UPDATE SET body = excluded.body || '!';
