SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'accounts'::regclass;
SET ROLE scn_clerk;
SELECT count(*) FROM accounts;
RESET ROLE;
ALTER ROLE scn_owner NOBYPASSRLS;
SET ROLE scn_owner;
SELECT count(*) FROM accounts;
RESET ROLE;
ALTER ROLE scn_owner BYPASSRLS;
