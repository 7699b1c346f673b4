-- A view groups by the primary key, and the ALTER replaces the primary key: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE authors (id int PRIMARY KEY, code int NOT NULL UNIQUE, name text NOT NULL);
INSERT INTO authors SELECT g, g + 100, 'author ' || g FROM generate_series(1, 12) g;
CREATE VIEW grouped AS SELECT id, name, count(*) AS many FROM authors GROUP BY id;
RESET ROLE;
