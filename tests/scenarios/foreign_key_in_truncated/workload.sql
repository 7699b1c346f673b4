SET ROLE scn_owner;
INSERT INTO middle (top) VALUES (1);
TRUNCATE middle RESTART IDENTITY CASCADE;
INSERT INTO middle (top, body) VALUES (1, 'again'), (2, 'again');
INSERT INTO bottom VALUES (1, 1);
