-- The ALTER renames columns that BEGIN ATOMIC functions use; the functions follow.
SET ROLE scn_owner;
CREATE TABLE tickets (id int PRIMARY KEY, title text NOT NULL, votes int DEFAULT 0);
INSERT INTO tickets SELECT g, 'ticket ' || g, g % 9 FROM generate_series(1, 40) g;
CREATE FUNCTION best(votes int) RETURNS SETOF text BEGIN ATOMIC
  SELECT title FROM tickets WHERE tickets.votes = best.votes AND title <> 'votes' ORDER BY 1;
END;
CREATE PROCEDURE raise_votes() BEGIN ATOMIC UPDATE tickets SET votes = votes + 1, title = DEFAULT WHERE id < 3; END;
ALTER TABLE tickets ALTER title SET DEFAULT 'untitled';
CREATE FUNCTION by_best(v int) RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM best(v) b JOIN tickets t ON t.title = b; END;
RESET ROLE;
