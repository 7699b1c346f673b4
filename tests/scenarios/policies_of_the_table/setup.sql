-- Row security policies of every command and kind, for several roles, with subqueries, with comments.
SET ROLE scn_owner;
CREATE TABLE tenants (id int PRIMARY KEY, reader name NOT NULL);
CREATE TABLE docs (id int PRIMARY KEY, tenant int NOT NULL, title text, secret boolean NOT NULL DEFAULT false);
INSERT INTO tenants VALUES (1, 'scn_reader'), (2, 'scn_clerk'), (3, 'scn_owner');
INSERT INTO docs SELECT g, g % 3 + 1, 'doc ' || g, g % 10 = 0 FROM generate_series(1, 60) g;
CREATE FUNCTION count_docs(which int) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS
  'SELECT count(*) FROM docs WHERE tenant = which';
CREATE POLICY of_tenant ON docs USING (EXISTS (SELECT FROM tenants t WHERE t.id = tenant AND t.reader = current_user));
CREATE POLICY not_secret ON docs AS RESTRICTIVE FOR SELECT TO scn_reader, scn_clerk USING (NOT secret);
CREATE POLICY clerk_reads ON docs FOR SELECT TO scn_clerk USING (tenant = 3 OR title = (SELECT 'doc ' || 1));
CREATE POLICY clerk_adds ON docs FOR INSERT TO scn_clerk WITH CHECK (count_docs(tenant) < 25);
CREATE POLICY "Clerk's" ON docs FOR UPDATE TO scn_clerk USING (tenant = 2) WITH CHECK (tenant IN (2, 3) AND title <> '');
CREATE POLICY clerk_drops ON docs FOR DELETE TO scn_clerk USING (id % 2 = 0);
CREATE POLICY never ON docs AS RESTRICTIVE FOR ALL TO scn_stranger USING (false);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
COMMENT ON POLICY not_secret ON docs IS 'nobody''s business';
COMMENT ON POLICY "Clerk's" ON docs IS 'of the clerk';
GRANT SELECT, INSERT, UPDATE, DELETE ON docs TO scn_clerk;
GRANT SELECT ON docs TO scn_reader;
GRANT SELECT ON tenants TO PUBLIC;
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
RESET ROLE;
