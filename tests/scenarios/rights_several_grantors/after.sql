SELECT grantor, grantee, privilege_type, is_grantable FROM information_schema.role_table_grants WHERE table_name = 'notes' ORDER BY 1, 2, 3, 4;
SET ROLE scn_owner;
REVOKE SELECT ON notes FROM scn_clerk CASCADE;
RESET ROLE;
SELECT grantor, grantee, privilege_type, is_grantable FROM information_schema.role_table_grants WHERE table_name = 'notes' ORDER BY 1, 2, 3, 4;
