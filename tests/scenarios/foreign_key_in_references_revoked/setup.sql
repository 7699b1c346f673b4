-- The right to reference the table was taken from the other table's owner after the foreign key was made.
GRANT CREATE ON SCHEMA public TO scn_team;
SET ROLE scn_owner;
CREATE TABLE tasks (id int PRIMARY KEY, title text);
INSERT INTO tasks SELECT g, 'task ' || g FROM generate_series(1, 15) g;
GRANT REFERENCES ON tasks TO scn_team;
RESET ROLE;
SET ROLE scn_team;
CREATE TABLE hours (id int PRIMARY KEY, task int NOT NULL CONSTRAINT hours_task REFERENCES tasks);
INSERT INTO hours SELECT g, g % 15 + 1 FROM generate_series(1, 60) g;
RESET ROLE;
SET ROLE scn_owner;
REVOKE REFERENCES ON tasks FROM scn_team;
RESET ROLE;
