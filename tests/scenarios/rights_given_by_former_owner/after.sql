SELECT grantor, grantee, privilege_type, is_grantable FROM information_schema.role_table_grants WHERE table_name = 'plain' ORDER BY 1, 2, 3;
SET ROLE scn_team;
SELECT count(*) FROM bodies;
