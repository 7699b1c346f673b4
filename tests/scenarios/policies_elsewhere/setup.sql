-- Policies of other tables, and of one in another schema, that read the table.
CREATE SCHEMA far AUTHORIZATION scn_owner;
GRANT USAGE ON SCHEMA far TO scn_reader, scn_clerk;
SET ROLE scn_owner;
CREATE TABLE teams (id int PRIMARY KEY, member name NOT NULL, level int NOT NULL);
CREATE TABLE files (id int PRIMARY KEY, team int NOT NULL);
CREATE TABLE far.folders (id int PRIMARY KEY, team int NOT NULL);
INSERT INTO teams VALUES (1, 'scn_reader', 1), (2, 'scn_clerk', 2), (3, 'scn_clerk', 9);
INSERT INTO files SELECT g, g % 4 FROM generate_series(1, 40) g;
INSERT INTO far.folders SELECT g, g % 4 FROM generate_series(1, 20) g;
CREATE POLICY mine ON files USING (team IN (SELECT id FROM teams WHERE member = current_user))
  WITH CHECK (team = ANY (ARRAY(SELECT t.id FROM teams t WHERE t.member = current_user AND t.level > 5)));
CREATE POLICY few ON far.folders AS RESTRICTIVE FOR SELECT TO scn_clerk USING ((SELECT count(*) FROM teams) < 10);
CREATE POLICY "all" ON far.folders FOR SELECT TO PUBLIC USING (true);
COMMENT ON POLICY mine ON files IS 'by the team';
ALTER TABLE files ENABLE ROW LEVEL SECURITY;
ALTER TABLE far.folders ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON teams, files, far.folders TO scn_reader, scn_clerk;
GRANT INSERT ON files TO scn_clerk;
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
RESET ROLE;
