-- The ALTER changes the type of a column that a policy of another table uses: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE teams (id int PRIMARY KEY, level int NOT NULL);
CREATE TABLE files (id int PRIMARY KEY, team int NOT NULL);
INSERT INTO teams SELECT g, g FROM generate_series(1, 10) g;
CREATE POLICY of_low ON files USING (team IN (SELECT id FROM teams WHERE level < 5));
RESET ROLE;
