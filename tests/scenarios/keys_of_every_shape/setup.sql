-- A composite primary key whose columns stand in another order than in the table, with gaps, negative and far values.
SET ROLE scn_owner;
CREATE TABLE keyed (v text, c text COLLATE "C", b bigint, a smallint, other int NOT NULL, PRIMARY KEY (b, c, a) INCLUDE (v) WITH (fillfactor = 68));
INSERT INTO keyed SELECT 'v' || g, chr(64 + g % 26) || '''\é ', (g - 50) * (1::bigint << (g % 40)), g % 3 - 1, g FROM generate_series(1, 120) g;
CREATE UNIQUE INDEX keyed_other ON keyed (other);
CREATE VIEW by_key AS SELECT b, c, a, v FROM keyed GROUP BY b, c, a;
RESET ROLE;
