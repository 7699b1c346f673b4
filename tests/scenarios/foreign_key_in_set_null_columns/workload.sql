SET ROLE scn_owner;
DELETE FROM users WHERE id = 5;
DELETE FROM users WHERE id = 3;
INSERT INTO posts (id, tenant, author) VALUES (100, 2, 7);
