-- A foreign key out of the table to a table of scn_team, of which the owner is a member: all rights come by membership.
\ir ../tried.sql
GRANT CREATE ON SCHEMA public TO scn_team;
SET ROLE scn_team;
CREATE TABLE projects (id int PRIMARY KEY, name text);
INSERT INTO projects SELECT g, 'project ' || g FROM generate_series(1, 15) g;
RESET ROLE;
SET ROLE scn_owner;
CREATE TABLE tasks (id int PRIMARY KEY, project int NOT NULL REFERENCES projects ON DELETE CASCADE, hours int);
INSERT INTO tasks SELECT g, g % 15 + 1, g FROM generate_series(1, 60) g;
RESET ROLE;
