-- A key WITHOUT OVERLAPS, beside the one by which rows are told apart.
SET ROLE scn_owner;
CREATE TABLE stays (id int PRIMARY KEY, room int4range NOT NULL, during daterange NOT NULL, guest text,
  CONSTRAINT one_guest UNIQUE (room, during WITHOUT OVERLAPS));
INSERT INTO stays SELECT g, int4range(g, g + 1), daterange('2024-01-01', '2024-02-01'), 'guest ' || g FROM generate_series(1, 30) g;
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
RESET ROLE;
