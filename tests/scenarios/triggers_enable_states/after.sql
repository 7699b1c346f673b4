INSERT INTO pieces VALUES (101, 101);
SET session_replication_role = replica;
INSERT INTO pieces VALUES (102, 102);
UPDATE pieces SET many = 8 WHERE id = 102;
RESET session_replication_role;
SELECT * FROM audit ORDER BY nr;
SELECT * FROM pieces ORDER BY id;
