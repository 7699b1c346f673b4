SET ROLE scn_owner;
DELETE FROM "Far away".items WHERE id IN (3, 4);
UPDATE near.items SET id = id + 100, "Group" = "Group" || '!' WHERE id IN (7, 8);
INSERT INTO items VALUES (99, 1, 1, 'group 2');
