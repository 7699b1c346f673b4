-- The ALTER changes a type so that a CHECK has no operator any more: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE flags (id int PRIMARY KEY, state text, CONSTRAINT short CHECK (state ~ '^[0-9]$'));
INSERT INTO flags SELECT g, g % 10 FROM generate_series(1, 20) g;
RESET ROLE;
