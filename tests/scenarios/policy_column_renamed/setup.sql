-- The ALTER renames a column that policies of the table and of another one use.
SET ROLE scn_owner;
CREATE TABLE teams (id int PRIMARY KEY, member name NOT NULL);
CREATE TABLE files (id int PRIMARY KEY, team int NOT NULL);
INSERT INTO teams SELECT g, CASE g % 2 WHEN 0 THEN 'scn_reader' ELSE 'scn_clerk' END FROM generate_series(1, 10) g;
INSERT INTO files SELECT g, g % 10 FROM generate_series(1, 40) g;
CREATE POLICY own ON teams USING (member = current_user) WITH CHECK (member <> 'nobody');
CREATE POLICY of_team ON files USING (EXISTS (SELECT FROM teams t WHERE t.id = team AND t.member = current_user));
ALTER TABLE teams ENABLE ROW LEVEL SECURITY;
ALTER TABLE files ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON teams, files TO scn_reader;
RESET ROLE;
