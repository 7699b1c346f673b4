-- A foreign key into the table from a table of somebody else: only a member of that role could make it again.
GRANT CREATE ON SCHEMA public TO scn_stranger;
SET ROLE scn_owner;
CREATE TABLE tasks (id int PRIMARY KEY, title text);
INSERT INTO tasks SELECT g, 'task ' || g FROM generate_series(1, 15) g;
GRANT REFERENCES ON tasks TO scn_stranger;
RESET ROLE;
SET ROLE scn_stranger;
CREATE TABLE hours (id int PRIMARY KEY, task int NOT NULL CONSTRAINT hours_task REFERENCES tasks);
INSERT INTO hours SELECT g, g % 15 + 1 FROM generate_series(1, 60) g;
RESET ROLE;
