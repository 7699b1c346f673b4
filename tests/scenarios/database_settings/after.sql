SET ROLE scn_owner;
INSERT INTO offers (id) VALUES (101);
UPDATE offers SET label = 'y' WHERE id = 100;
SELECT * FROM offers WHERE id > 99 ORDER BY id;
SELECT count(*), max(label), sum(span) FROM recent;
SELECT cheap();
