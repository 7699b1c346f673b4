-- A BEGIN ATOMIC function that a superuser declared LEAKPROOF, which its owner could not make again.
SET ROLE scn_owner;
CREATE TABLE secrets (id int PRIMARY KEY, body text);
INSERT INTO secrets SELECT g, 'secret ' || g FROM generate_series(1, 10) g;
CREATE FUNCTION how_secret(which int) RETURNS int BEGIN ATOMIC SELECT length(body) FROM secrets WHERE id = which; END;
RESET ROLE;
ALTER FUNCTION how_secret(int) LEAKPROOF;
