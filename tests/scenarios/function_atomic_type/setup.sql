-- The ALTER changes the type of a column that a BEGIN ATOMIC function uses: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE tickets (id int PRIMARY KEY, votes int DEFAULT 0);
INSERT INTO tickets SELECT g, g % 9 FROM generate_series(1, 10) g;
CREATE FUNCTION all_votes() RETURNS bigint BEGIN ATOMIC SELECT sum(votes) FROM tickets; END;
RESET ROLE;
