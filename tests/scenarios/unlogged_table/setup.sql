-- An unlogged table is refused, since a crash would empty one copy and keep the other.
SET ROLE scn_owner;
CREATE UNLOGGED TABLE cache (id int PRIMARY KEY, body text);
INSERT INTO cache SELECT g, 'body ' || g FROM generate_series(1, 10) g;
RESET ROLE;
