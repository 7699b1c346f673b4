SET ROLE scn_owner;
UPDATE birds SET nest = 9 WHERE nest = 5;
DELETE FROM trees WHERE id = 5;
