-- The ALTER changes the type of a column that a policy uses: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE teams (id int PRIMARY KEY, level int NOT NULL);
INSERT INTO teams SELECT g, g FROM generate_series(1, 10) g;
CREATE POLICY low ON teams USING (level < 5);
RESET ROLE;
