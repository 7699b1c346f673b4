SET ROLE scn_owner;
SELECT tried('INSERT INTO cars VALUES (201, 41, 1, 1, 4)') || ' and healed' FROM (SELECT set_config('x.y', '', false)) z LIMIT 0;
BEGIN;
INSERT INTO cars VALUES (201, 41, 1, 1, 4);
INSERT INTO makers VALUES (41, 'after');
COMMIT;
SELECT tried('INSERT INTO cars VALUES (202, 42, 1, 1, 4); SET CONSTRAINTS ALL IMMEDIATE');
SELECT tried('INSERT INTO cars VALUES (202, 41, 42, 1, 4)');
SELECT tried('SET CONSTRAINTS cars_designer DEFERRED; INSERT INTO cars VALUES (202, 41, 42, 1, 4); SET CONSTRAINTS cars_designer IMMEDIATE');
SELECT tried('SET CONSTRAINTS cars_importer DEFERRED');
\set ON_ERROR_STOP off
BEGIN;
DELETE FROM makers WHERE id = 20;
COMMIT;
\set ON_ERROR_STOP on
SELECT count(*), sum(maker), sum(designer) FROM cars;
