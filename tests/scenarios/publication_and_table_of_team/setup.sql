-- Table and publication belong to scn_team, of which the login is a member; a second publication is the login's own.
GRANT CREATE ON SCHEMA public TO scn_team;
SELECT format('GRANT CREATE ON DATABASE %I TO scn_team', current_database()) \gexec
SET ROLE scn_team;
CREATE TABLE news (id int PRIMARY KEY, head text);
INSERT INTO news SELECT g, 'head ' || g FROM generate_series(1, 40) g;
CREATE PUBLICATION of_team FOR TABLE news;
RESET ROLE;
SET ROLE scn_owner;
CREATE PUBLICATION of_owner FOR TABLE news WITH (publish = 'insert');
RESET ROLE;
