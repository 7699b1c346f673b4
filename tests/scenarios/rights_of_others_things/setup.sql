-- What others hang on the table with rights of theirs alone: a view, a rule, a policy and a foreign key of scn_team.
\ir ../tried.sql
GRANT CREATE ON SCHEMA public TO scn_team;
SET ROLE scn_owner;
CREATE TABLE goods (id int PRIMARY KEY, name text, price int);
INSERT INTO goods SELECT g, 'name ' || g, g FROM generate_series(1, 40) g;
GRANT SELECT (id, name), REFERENCES (id) ON goods TO scn_team;
GRANT INSERT ON goods TO scn_team;
RESET ROLE;
SET ROLE scn_team;
CREATE VIEW names AS SELECT id, name FROM goods;
CREATE TABLE wishes (id int PRIMARY KEY, good int REFERENCES goods (id) ON DELETE CASCADE);
INSERT INTO wishes SELECT g, g FROM generate_series(1, 40) g;
CREATE TABLE asked (id int, name text);
CREATE RULE gets AS ON INSERT TO asked DO ALSO INSERT INTO goods (id, name) VALUES (NEW.id, NEW.name);
CREATE POLICY of_goods ON wishes USING (good IN (SELECT id FROM goods WHERE name LIKE '%1'));
ALTER TABLE wishes ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON names, wishes TO scn_reader;
RESET ROLE;
