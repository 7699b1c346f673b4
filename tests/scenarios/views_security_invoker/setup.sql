-- Views with security_invoker: what they show depends on the rights and the row security of who reads.
SET ROLE scn_owner;
CREATE TABLE letters (id int PRIMARY KEY, reader name NOT NULL, body text);
INSERT INTO letters SELECT g, CASE g % 3 WHEN 0 THEN 'scn_reader' ELSE 'scn_clerk' END, 'letter ' || g
FROM generate_series(1, 30) g;
CREATE POLICY own ON letters USING (reader = current_user);
ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
CREATE VIEW as_invoker WITH (security_invoker) AS SELECT id, body FROM letters;
CREATE VIEW as_owner AS SELECT id, body FROM letters;
CREATE VIEW guarded WITH (security_invoker = true, security_barrier = true) AS SELECT count(*) AS many FROM as_owner;
CREATE VIEW off WITH (security_invoker = off) AS SELECT body FROM letters;
GRANT SELECT ON as_invoker, as_owner, guarded TO scn_reader, scn_clerk;
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
GRANT SELECT (id, reader) ON letters TO scn_reader;
GRANT SELECT ON letters TO scn_clerk;
RESET ROLE;
