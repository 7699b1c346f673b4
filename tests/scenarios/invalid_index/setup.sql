-- An index that a failed CREATE INDEX CONCURRENTLY has left invalid.
SET ROLE scn_owner;
CREATE TABLE users (id int PRIMARY KEY, mail text);
INSERT INTO users SELECT g, 'mail ' || g % 5 FROM generate_series(1, 20) g;
\set ON_ERROR_STOP off
CREATE UNIQUE INDEX CONCURRENTLY users_mail ON users (mail);
\set ON_ERROR_STOP on
RESET ROLE;
