SET ROLE scn_owner;
INSERT INTO people (land, name) VALUES ('de', 'new'), ('en', 'new'), (NULL, 'new');
UPDATE people SET land = 'en' WHERE id = 12;
UPDATE people SET land = NULL WHERE id IN (13, 14);
DELETE FROM people WHERE name = 'name 20';
