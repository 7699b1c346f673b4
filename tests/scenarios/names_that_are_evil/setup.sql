-- Names with quotes, blanks, parentheses, capitals, dots, reserved words, other letters and backslashes.
CREATE SCHEMA "My ""Schema""" AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE "My ""Schema"""."select" (
  "id" int PRIMARY KEY, ","")" int, "a""b" text, "public" text DEFAULT 'p', "Ünïcödé 表" int, " " int, "from" text, "$1" text,
  "x.y" int, "\n" text, "'" text DEFAULT '''', "%s" int, "table" int, "OLD" int, "new" int, "user" text, CONSTRAINT "check" CHECK ("from" <> '(;'));
INSERT INTO "My ""Schema"""."select" ("id", ","")", "a""b", "Ünïcödé 表", " ", "from", "$1", "x.y", "\n", "%s", "table", "OLD", "new")
  SELECT g, g, 'a' || g, g, g, 'f' || g, '$' || g, g, '\n', g, g, g, g FROM generate_series(1, 40) g;
CREATE INDEX "My ""Schema"".""(" ON "My ""Schema"""."select" (","")", " ");
CREATE INDEX "; DROP TABLE x" ON "My ""Schema"""."select" ((lower("a""b"))) WHERE "Ünïcödé 表" > 3;
CREATE STATISTICS "My ""Schema"""."$$" ON "x.y", "%s" FROM "My ""Schema"""."select";
CREATE FUNCTION "My ""Schema"""."F()"() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW."public" := NEW."from" || tg_argv[0]; RETURN NEW; END';
CREATE TRIGGER "on" BEFORE UPDATE OF ","")", "from" ON "My ""Schema"""."select" FOR EACH ROW
  WHEN (OLD."OLD" IS DISTINCT FROM NEW."new" + 1) EXECUTE FUNCTION "My ""Schema"""."F()"('''"\');
CREATE POLICY "to" ON "My ""Schema"""."select" TO scn_reader USING ("user" IS NULL AND "public" <> ' "');
CREATE RULE "do" AS ON DELETE TO "My ""Schema"""."select" WHERE OLD."table" = 7 DO INSTEAD NOTHING;
CREATE VIEW "My ""Schema"""."as" AS SELECT ","")", "a""b" AS "A""B", "public"."public" AS "select", "public"."from"
  FROM "My ""Schema"""."select" "public" WHERE "public"."x.y" > 2;
CREATE VIEW public."select" AS SELECT "select"."select", ","")" FROM "My ""Schema"""."as" "select";
CREATE MATERIALIZED VIEW "My ""Schema"""."with" AS SELECT " ", "'" AS "''" FROM "My ""Schema"""."select" WHERE "id" > 10;
CREATE UNIQUE INDEX "unique" ON "My ""Schema"""."with" (" ");
CREATE FUNCTION "My ""Schema"""."fn ("(","")" int) RETURNS text BEGIN ATOMIC
  SELECT "select"."from" || "$1" FROM "My ""Schema"""."select" WHERE "select".","")" = "fn (".","")";
END;
COMMENT ON COLUMN "My ""Schema"""."select".","")" IS '","")"';
GRANT SELECT (","")"), UPDATE ("a""b") ON "My ""Schema"""."select" TO scn_clerk;
RESET ROLE;
