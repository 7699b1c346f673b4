SET ROLE scn_owner;
UPDATE zoo SET c.y = 7, ms[2] = 'ok', n = NULL, a = '{}' WHERE id % 3 = 0 AND id < 31;
UPDATE zoo SET m = 'sad', p = 5, jb = '{"x": null}' WHERE id = 31;
INSERT INTO zoo (id) VALUES (40);
