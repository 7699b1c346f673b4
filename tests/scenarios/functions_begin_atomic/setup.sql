-- Functions and procedures with a BEGIN ATOMIC body over the table, of every property that a function can have.
CREATE SCHEMA api AUTHORIZATION scn_owner;
GRANT USAGE ON SCHEMA api TO scn_reader, scn_clerk;
SET ROLE scn_owner;
CREATE TABLE tickets (id int PRIMARY KEY, title text NOT NULL, state text NOT NULL DEFAULT 'open', votes int DEFAULT 0);
INSERT INTO tickets (id, title, votes) SELECT g, 'ticket ' || g, g % 9 FROM generate_series(1, 40) g;
CREATE FUNCTION how_many() RETURNS bigint STABLE PARALLEL SAFE COST 17 BEGIN ATOMIC SELECT count(*) FROM tickets; END;
CREATE FUNCTION how_many(lo int, hi int = 100) RETURNS bigint STRICT
  BEGIN ATOMIC SELECT count(*) FROM tickets t WHERE t.votes BETWEEN lo AND hi; END;
CREATE FUNCTION api.title(id int, OUT title text, OUT votes int) SECURITY DEFINER SET search_path = pg_catalog SET work_mem = '1MB'
  BEGIN ATOMIC SELECT t.title, t.votes FROM tickets t WHERE t.id = title.id; END;
CREATE FUNCTION api.listed(VARIADIC ids int[]) RETURNS TABLE (id int, state text) ROWS 7 STABLE
  BEGIN ATOMIC SELECT id, state FROM tickets WHERE tickets.id = ANY (ids) ORDER BY id; END;
CREATE FUNCTION api.shortest() RETURNS int RETURN (SELECT min(length(title)) FROM tickets);
CREATE FUNCTION api.vote(which int) RETURNS int
  BEGIN ATOMIC UPDATE tickets SET votes = votes + 1 WHERE id = which RETURNING votes; END;
CREATE PROCEDURE close_ticket(which int) BEGIN ATOMIC
  UPDATE tickets SET state = 'closed' WHERE id = which;
  INSERT INTO tickets (id, title) SELECT id + 1000, 'reopened ' || title FROM tickets WHERE id = which ON CONFLICT (id) DO NOTHING;
  DELETE FROM tickets WHERE id = which + 1;
END;
COMMENT ON FUNCTION how_many(int, int) IS 'between';
COMMENT ON PROCEDURE close_ticket(int) IS 'and opens another';
REVOKE EXECUTE ON FUNCTION api.title(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.title(int) TO scn_reader WITH GRANT OPTION;
GRANT EXECUTE ON PROCEDURE close_ticket(int) TO scn_clerk;
RESET ROLE;
SET ROLE scn_reader;
GRANT EXECUTE ON FUNCTION api.title(int) TO scn_clerk;
RESET ROLE;
GRANT CREATE ON SCHEMA public TO scn_team;
ALTER FUNCTION how_many() OWNER TO scn_team;
