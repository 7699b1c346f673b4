-- The ALTER drops a column that a BEGIN ATOMIC function uses: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE tickets (id int PRIMARY KEY, votes int DEFAULT 0);
INSERT INTO tickets SELECT g, g % 9 FROM generate_series(1, 10) g;
CREATE PROCEDURE reset_votes() BEGIN ATOMIC UPDATE tickets SET votes = 0; END;
RESET ROLE;
