SET ROLE scn_owner;
INSERT INTO docs SELECT g, 'new', 'body ' || g FROM generate_series(201, 240) g;
UPDATE docs SET id = id + 1000 WHERE id % 5 = 0;
DELETE FROM docs WHERE id % 7 = 0;
