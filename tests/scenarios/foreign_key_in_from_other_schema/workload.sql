SET ROLE scn_owner;
DELETE FROM near.items WHERE id IN (3, 4);
UPDATE near.items SET "Group" = "Group" || '!' WHERE id IN (7, 8);
INSERT INTO items VALUES (99, 'group 2');
