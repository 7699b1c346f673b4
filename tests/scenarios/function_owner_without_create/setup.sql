-- The owner of a BEGIN ATOMIC function may not create anything in its schema, which replacing it takes.
SET ROLE scn_owner;
CREATE TABLE tickets (id int PRIMARY KEY, votes int DEFAULT 0);
INSERT INTO tickets SELECT g, g % 9 FROM generate_series(1, 10) g;
CREATE FUNCTION how_many() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM tickets; END;
RESET ROLE;
ALTER FUNCTION how_many() OWNER TO scn_team;
