-- ADD COLUMN NOT NULL without a default, where there are rows: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE codes (id int PRIMARY KEY, code text);
INSERT INTO codes SELECT g, g::text FROM generate_series(1, 50) g;
RESET ROLE;
