-- Row security is forced, so the owner is subject to it; the login's owner has BYPASSRLS, so the change is possible. It stays forced.
ALTER ROLE scn_owner BYPASSRLS;
SET ROLE scn_owner;
CREATE TABLE accounts (id int PRIMARY KEY, holder name NOT NULL, balance int);
INSERT INTO accounts SELECT g, (ARRAY['scn_clerk', 'scn_owner'])[g % 2 + 1], g * 10 FROM generate_series(1, 40) g;
CREATE POLICY own ON accounts USING (holder = current_user) WITH CHECK (holder = current_user AND balance < 1000);
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON accounts TO scn_clerk;
RESET ROLE;
