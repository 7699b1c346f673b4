-- Row security that binds the owner, too, which then needs BYPASSRLS; no replica identity; another access method.
ALTER ROLE scn_owner BYPASSRLS;
CREATE SCHEMA "Shop Floor" AUTHORIZATION scn_owner;
CREATE SCHEMA other AUTHORIZATION scn_owner;
GRANT USAGE ON SCHEMA "Shop Floor", other TO PUBLIC;
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
SELECT format('ALTER DATABASE %I SET search_path = "Shop Floor", public', current_database()) \gexec
SET search_path = "Shop Floor", public;
SET ROLE scn_owner;

CREATE TABLE "Or""ders" (id int PRIMARY KEY, v text, secret text) USING heap2;
INSERT INTO "Or""ders" SELECT g, 'v' || g, md5(g::text) FROM generate_series(1, 100) g;
ALTER TABLE "Or""ders" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY NOTHING;
