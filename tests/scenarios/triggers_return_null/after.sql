SET ROLE scn_owner;
INSERT INTO jobs (id) VALUES (201);
INSERT INTO jobs (id, state) VALUES (202, 'bad');
UPDATE jobs SET state = 'done' WHERE id > 30;
DELETE FROM jobs WHERE id > 35;
SELECT * FROM jobs ORDER BY id;
