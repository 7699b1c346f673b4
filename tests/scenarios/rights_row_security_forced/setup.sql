-- Row security is forced on the owner, who would not see every row: refused, although PostgreSQL's own ALTER sees them all.
SET ROLE scn_owner;
CREATE TABLE accounts (id int PRIMARY KEY, holder name NOT NULL, balance int);
INSERT INTO accounts SELECT g, (ARRAY['scn_clerk', 'scn_owner'])[g % 2 + 1], g * 10 FROM generate_series(1, 40) g;
CREATE POLICY own ON accounts USING (holder = current_user);
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
RESET ROLE;
