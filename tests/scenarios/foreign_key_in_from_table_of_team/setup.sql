-- A foreign key into the table from a table of scn_team, of which the login is a member; and the table itself is scn_team's, too.
\ir ../tried.sql
GRANT CREATE ON SCHEMA public TO scn_team;
SET ROLE scn_owner;
CREATE TABLE tasks (id int PRIMARY KEY, title text);
INSERT INTO tasks SELECT g, 'task ' || g FROM generate_series(1, 15) g;
GRANT REFERENCES, SELECT, UPDATE ON tasks TO scn_team;
RESET ROLE;
SET ROLE scn_team;
CREATE TABLE hours (id int PRIMARY KEY, task int NOT NULL CONSTRAINT hours_task REFERENCES tasks ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO hours SELECT g, g % 15 + 1 FROM generate_series(1, 60) g;
COMMENT ON CONSTRAINT hours_task ON hours IS 'the team''s';
GRANT SELECT ON hours TO scn_owner;
RESET ROLE;
