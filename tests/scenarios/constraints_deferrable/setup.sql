-- Deferrable and exclusion constraints, which are violated and healed within a transaction.
SET ROLE scn_owner;
CREATE TABLE seats (id int PRIMARY KEY, nr int NOT NULL, during int4range, room text,
  CONSTRAINT nr_once UNIQUE (nr) DEFERRABLE INITIALLY DEFERRED, CONSTRAINT room_nr UNIQUE (room, nr) DEFERRABLE,
  CONSTRAINT apart EXCLUDE USING gist (during WITH &&) WHERE (room IS NULL) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT apart_now EXCLUDE USING gist (box(point(id, id), point(id, id)) WITH &&));
INSERT INTO seats SELECT g, g, int4range(g * 10, g * 10 + 9), CASE WHEN g % 2 = 0 THEN 'room ' || g % 3 END
FROM generate_series(1, 50) g;
COMMENT ON CONSTRAINT apart ON seats IS 'not at once';
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
RESET ROLE;
