-- The publication belongs to a role that is a member of the table's owner, but the login is no member of that role.
GRANT scn_owner TO scn_stranger;
SELECT format('GRANT CREATE ON DATABASE %I TO scn_stranger', current_database()) \gexec
SET ROLE scn_owner;
CREATE TABLE news (id int PRIMARY KEY, head text, body text);
INSERT INTO news SELECT g, 'head ' || g, repeat('body ', g) FROM generate_series(1, 40) g;
CREATE PUBLICATION press FOR TABLE news;
RESET ROLE;
SET ROLE scn_stranger;
CREATE PUBLICATION of_member FOR TABLE news WITH (publish = 'insert');
RESET ROLE;
