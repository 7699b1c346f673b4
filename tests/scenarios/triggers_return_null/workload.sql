SET ROLE scn_owner;
INSERT INTO jobs VALUES (101, 'good', false), (102, 'bad', false), (103, 'good', true);
UPDATE jobs SET state = 'run' WHERE id < 20;
DELETE FROM jobs WHERE id BETWEEN 15 AND 25;
