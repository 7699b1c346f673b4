-- Foreign keys between columns of different types: smallint, domain, varchar, date and timestamp, enum, range, array, uuid, bytea.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TYPE color AS ENUM ('red', 'green');
CREATE DOMAIN code AS varchar CHECK (VALUE ~ '^c');
CREATE TABLE top (small smallint PRIMARY KEY, day date UNIQUE, code code UNIQUE, color color UNIQUE, span int4range UNIQUE, list int[] UNIQUE,
  uid uuid UNIQUE, raw bytea UNIQUE, num numeric(9, 2) UNIQUE);
CREATE TABLE mid (id int PRIMARY KEY, small bigint REFERENCES top ON UPDATE CASCADE, day timestamp REFERENCES top (day), code text REFERENCES top (code) ON UPDATE CASCADE,
  color color REFERENCES top (color) ON DELETE SET NULL, span int4range REFERENCES top (span), list int[] REFERENCES top (list) ON UPDATE CASCADE,
  uid uuid REFERENCES top (uid), raw bytea REFERENCES top (raw), num int REFERENCES top (num), UNIQUE (code), UNIQUE (list), UNIQUE (small), UNIQUE (day));
CREATE TABLE low (id int PRIMARY KEY, small smallint REFERENCES mid (small) ON UPDATE CASCADE, day date REFERENCES mid (day), code code REFERENCES mid (code) ON UPDATE CASCADE,
  list int[] REFERENCES mid (list) ON DELETE SET NULL);
INSERT INTO top SELECT g, date '2024-01-01' + g, 'c' || g, CASE g WHEN 1 THEN 'red' WHEN 2 THEN 'green' END::color, int4range(g, g + 5), ARRAY[g, NULL],
  md5(g::text)::uuid, decode(md5(g::text), 'hex'), g FROM generate_series(1, 20) g;
INSERT INTO mid SELECT small, small, day, code, color, span, list, uid, raw, num FROM top;
INSERT INTO low SELECT id, small, day, code, list FROM mid WHERE id < 15;
RESET ROLE;
