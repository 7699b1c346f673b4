-- Row security that binds the owner, too, which then needs BYPASSRLS; no replica identity; another access method.
ALTER ROLE scn_owner BYPASSRLS;
\ir shop_floor.sql

CREATE TABLE "Or""ders" (id int PRIMARY KEY, v text, secret text) USING heap2;
INSERT INTO "Or""ders" SELECT g, 'v' || g, md5(g::text) FROM generate_series(1, 100) g;
ALTER TABLE "Or""ders" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY NOTHING;
