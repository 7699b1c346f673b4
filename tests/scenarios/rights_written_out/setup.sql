-- Rights that are written out though they are what they would be anyway, rights of PUBLIC, and a role that has only grant options left.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE plain (id int PRIMARY KEY, body text, more serial);
INSERT INTO plain SELECT g, 'body ' || g FROM generate_series(1, 20) g;
GRANT SELECT ON plain TO scn_reader;
REVOKE SELECT ON plain FROM scn_reader;
GRANT SELECT (id), INSERT (body) ON plain TO scn_reader;
REVOKE ALL (id) ON plain FROM scn_reader;
GRANT UPDATE (body) ON plain TO PUBLIC;
GRANT TRUNCATE, TRIGGER ON plain TO PUBLIC;
GRANT ALL ON SEQUENCE plain_more_seq TO PUBLIC;
REVOKE USAGE ON SEQUENCE plain_more_seq FROM PUBLIC;
RESET ROLE;
