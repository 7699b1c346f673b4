-- The database, and the login in it, set what changes how definitions and values are written: styles, quoting, strings, search_path.
CREATE SCHEMA "Odd" AUTHORIZATION scn_owner;
SET ROLE scn_owner;
CREATE TABLE "Odd".offers (id int PRIMARY KEY, price money DEFAULT 1.5, day date DEFAULT '2024-02-03', span interval DEFAULT '1 mon 2 days 03:04:05.6',
  at timestamptz DEFAULT '2024-02-03 04:05:06.789+00', ratio float8 DEFAULT 0.1 + 0.2, raw bytea DEFAULT '\x00ff'::bytea, path text DEFAULT E'C:\\new\\table',
  doc xml DEFAULT '<a/>', CONSTRAINT late CHECK (day > '1999-12-31' AND span < '10 years' AND path <> E'\\''"'), label text);
INSERT INTO "Odd".offers (id, day, label) SELECT g, date '2024-01-01' + g, E'l\\' || g FROM generate_series(1, 40) g;
CREATE INDEX offers_late ON "Odd".offers (day) WHERE at > '2024-03-04 00:00+00' AND label <> E'\\n''';
CREATE VIEW "Odd".recent AS SELECT id, label || E'\\' AS label, span * 1.1 AS span FROM "Odd".offers
  WHERE day > '2024-01-12' AND at < '2025-01-02 03:04:05+06' AND raw <> '\x27' AND span < interval '-1 mon 5 days' + interval '2 years';
CREATE FUNCTION "Odd".cheap() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM "Odd".offers WHERE day <> '2024-05-06' AND path <> E'\\'; END;
CREATE FUNCTION "Odd".fired() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.label := tg_argv[0]; RETURN NEW; END $$;
CREATE TRIGGER marks BEFORE UPDATE ON "Odd".offers FOR EACH ROW WHEN (NEW.day > '2024-02-01' AND NEW.label <> E'\\') EXECUTE FUNCTION "Odd".fired(E'\\"''');
CREATE POLICY recent ON "Odd".offers USING (day > '2024-01-02' AND label <> E'x\\');
RESET ROLE;
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET search_path = "Odd", public', current_database());
  EXECUTE format('ALTER DATABASE %I SET DateStyle = ''SQL, DMY''', current_database());
  EXECUTE format('ALTER DATABASE %I SET IntervalStyle = sql_standard', current_database());
  EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Kathmandu''', current_database());
  EXECUTE format('ALTER ROLE scn_owner IN DATABASE %I SET standard_conforming_strings = off', current_database());
  EXECUTE format('ALTER ROLE scn_owner IN DATABASE %I SET escape_string_warning = off', current_database());
  EXECUTE format('ALTER DATABASE %I SET bytea_output = escape', current_database());
  EXECUTE format('ALTER ROLE scn_owner IN DATABASE %I SET quote_all_identifiers = on', current_database());
  EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -3', current_database());
  EXECUTE format('ALTER ROLE scn_owner IN DATABASE %I SET default_transaction_isolation = ''repeatable read''', current_database());
  EXECUTE format('ALTER ROLE scn_owner IN DATABASE %I SET check_function_bodies = off', current_database());
  EXECUTE format('ALTER ROLE scn_owner IN DATABASE %I SET transform_null_equals = on', current_database());
END $$;
