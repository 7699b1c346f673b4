-- The ALTER changes a type to which the default cannot be cast: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE flags (id int PRIMARY KEY, state text DEFAULT 'on');
INSERT INTO flags SELECT g, g % 2 FROM generate_series(1, 20) g;
RESET ROLE;
