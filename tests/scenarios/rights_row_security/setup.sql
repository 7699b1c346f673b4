-- Row security with policies for roles that are not the owner; they write during the run, with a tiny search_path of their own.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE accounts (id int PRIMARY KEY, holder name NOT NULL, balance int CHECK (balance >= 0), note text);
INSERT INTO accounts SELECT g, (ARRAY['scn_clerk', 'scn_reader', 'scn_owner'])[g % 3 + 1], g * 10, NULL FROM generate_series(1, 60) g;
CREATE POLICY own ON accounts USING (holder = current_user);
CREATE POLICY no_gifts ON accounts AS RESTRICTIVE FOR INSERT TO scn_clerk, scn_reader WITH CHECK (balance = 0);
CREATE POLICY clerks_see ON accounts FOR SELECT TO scn_clerk USING (balance < 500);
CREATE POLICY poor_ones_go ON accounts FOR DELETE TO scn_clerk USING (balance < 100);
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts TO scn_clerk;
GRANT SELECT, INSERT, UPDATE (balance, note) ON accounts TO scn_reader;
RESET ROLE;
