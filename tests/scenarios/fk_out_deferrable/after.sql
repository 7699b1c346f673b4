SET ROLE scn_owner;
SELECT tried('INSERT INTO players (id, late) VALUES (500, 77)');
SELECT tried('INSERT INTO players (id, maybe) VALUES (500, 77)');
SELECT tried('INSERT INTO players (id, now) VALUES (500, 77)');
BEGIN;
INSERT INTO players (id, late) VALUES (501, 50);
INSERT INTO results SELECT 1, tried('INSERT INTO players (id, now) VALUES (502, 50)');
DELETE FROM players WHERE id = 501;
INSERT INTO players (id, late) VALUES (501, 50);
INSERT INTO teams VALUES (50);
COMMIT;
DO $$
BEGIN
  INSERT INTO players (id, maybe) VALUES (503, 51);
  INSERT INTO results VALUES (2, 'taken');
EXCEPTION WHEN foreign_key_violation THEN INSERT INTO results VALUES (2, sqlerrm);
END $$;
BEGIN;
SET CONSTRAINTS maybe_fk DEFERRED;
INSERT INTO players (id, maybe) VALUES (504, 52);
INSERT INTO teams VALUES (52);
COMMIT;
SELECT tried('DELETE FROM teams WHERE id = 7');
SELECT tried('DELETE FROM teams WHERE id = 1');
SELECT tried('DELETE FROM teams WHERE id = 11');
SELECT * FROM results ORDER BY nr;
SELECT count(*), sum(late), count(maybe), sum(maybe), sum(now) FROM players;
