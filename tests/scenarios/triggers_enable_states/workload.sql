SET ROLE scn_owner;
UPDATE pieces SET many = many + 1 WHERE id < 4;
RESET ROLE;
SET session_replication_role = replica;
INSERT INTO pieces VALUES (100, 100);
UPDATE pieces SET many = 0 WHERE id = 5;
