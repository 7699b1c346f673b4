-- The table had another owner before, who had granted rights; and it is seen by things of that owner.
GRANT CREATE ON SCHEMA public TO scn_team;
SET ROLE scn_team;
CREATE TABLE plain (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
INSERT INTO plain (body) SELECT 'body ' || g FROM generate_series(1, 20) g;
GRANT SELECT ON plain TO scn_reader WITH GRANT OPTION;
GRANT INSERT, SELECT (body) ON plain TO scn_clerk;
CREATE VIEW bodies AS SELECT body FROM plain;
CREATE STATISTICS of_both ON id, body FROM plain;
RESET ROLE;
ALTER TABLE plain OWNER TO scn_owner;
ALTER STATISTICS of_both OWNER TO scn_owner;
GRANT SELECT ON plain TO scn_team;
