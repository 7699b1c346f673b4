-- A composite key, the whole row as replica identity, a tablespace, default privileges that give what the table
-- does not have, and an identity column that counts down.
\ir shop_floor.sql

ALTER DEFAULT PRIVILEGES FOR ROLE scn_owner GRANT SELECT, DELETE ON TABLES TO scn_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE scn_owner GRANT USAGE ON SEQUENCES TO scn_clerk;
CREATE TABLE "Or""ders" (
  half int, v text, other text COLLATE "C" DEFAULT current_user,
  nr int GENERATED ALWAYS AS IDENTITY (START WITH 400 INCREMENT BY -3 MINVALUE -10 MAXVALUE 500 CYCLE),
  day date NOT NULL,
  PRIMARY KEY (day, half) USING INDEX TABLESPACE scn_space,
  EXCLUDE USING btree (nr WITH =) DEFERRABLE INITIALLY DEFERRED
) TABLESPACE scn_space;
INSERT INTO "Or""ders" (half, v, other, day)
SELECT g % 2, CASE g % 5 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'v' || g END, 'o' || g, date '2020-02-01' + g / 2
FROM generate_series(1, 100) g;
REVOKE SELECT ON "Or""ders" FROM scn_reader;
REVOKE REFERENCES ON "Or""ders" FROM scn_owner;
REVOKE USAGE ON SEQUENCE "Or""ders_nr_seq" FROM scn_clerk;
GRANT SELECT ON SEQUENCE "Or""ders_nr_seq" TO PUBLIC;
ALTER TABLE "Or""ders" REPLICA IDENTITY FULL;
ALTER TABLE "Or""ders" CLUSTER ON "Or""ders_pkey";
SELECT setval('"Or""ders_nr_seq"', 77, false);
